using System.Text;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.ViewsUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Changes of documents that a table keeps: written with the documents, read in order, and removed when they are too many.</summary>
internal static class ViewChangeCases
{
    internal static IEnumerable<ViewStorageCase> All =>
    [
        ViewStorageCase.Of(Changes_have_the_documents_before_and_after),
        ViewStorageCase.Of(Build_that_is_not_complete_keeps_no_changes),
        ViewStorageCase.Of(Document_that_stays_the_same_gives_no_change),
        ViewStorageCase.Of(Each_call_of_a_transaction_gives_a_change),
        ViewStorageCase.Of(Changes_of_a_transaction_that_is_given_up_are_not_kept),
        ViewStorageCase.Of(Changes_of_a_writer_with_a_lower_token_are_not_kept),
        ViewStorageCase.Of(Only_the_last_changes_are_kept),
        ViewStorageCase.Of(Changes_are_read_from_an_ordinal_on),
        ViewStorageCase.Of(Transactions_have_different_marks),
        ViewStorageCase.Of(Changes_of_a_snapshot_stay_the_same),
        ViewStorageCase.Of(Changes_are_there_after_reopening),
        ViewStorageCase.Of(Tables_keep_their_own_changes),
        ViewStorageCase.Of(Build_is_opened_with_changes_as_it_was_created),
    ];

    private static ViewTable Keeping(int max = 100, string name = "order-list") => new(name, []) { MaxChanges = max };

    private static void Changes_have_the_documents_before_and_after(ViewsUnderTest views)
    {
        var (build, writer) = Complete(views);
        Commit(writer, 2, w => Put(w, "a", "1", 2));
        Commit(writer, 4, w =>
        {
            Put(w, "a", "{\"é\": \"😀\"}", 3);
            Put(w, "b", " 2 ", 4);
        });
        Commit(writer, 5, w => w.Remove(0, "a", GlobalPosition.FromInt64(5)));
        Expect.Equal("1 a@2 none > 1; 2 a@3 1 > {\"é\": \"😀\"}; 3 b@4 none >  2 ; 4 a@5 {\"é\": \"😀\"} > none", Changes(build), "changes");
        Expect.Equal(4L, views.Snapshot(build).FindLastChange(0).Ordinal, "ordinal of the last change");
    }

    private static void Build_that_is_not_complete_keeps_no_changes(ViewsUnderTest views)
    {
        var build = views.Create(Keeping());
        var writer = views.Writer(build);
        Commit(writer, 1, w => Put(w, "a", "1"), isComplete: false);
        Commit(writer, 2, w => w.Remove(0, "a", GlobalPosition.FromInt64(2)), isComplete: false);
        Commit(writer, 3, w => Put(w, "a", "2"));
        Expect.Equal(("", default), (Changes(build), views.Snapshot(build).FindLastChange(0)), "changes and the last one");
        Commit(writer, 4, w => Put(w, "a", "3", 4));
        Expect.Equal("1 a@4 2 > 3", Changes(build), "changes after it is complete");
    }

    private static void Document_that_stays_the_same_gives_no_change(ViewsUnderTest views)
    {
        var (build, writer) = Complete(views);
        Commit(writer, 2, w => Put(w, "a", "1", 2));
        Commit(writer, 4, w =>
        {
            Put(w, "a", "1", 3);
            w.Remove(0, "b", GlobalPosition.FromInt64(4));
        });
        Expect.Equal(("1 a@2 none > 1", "a@3 1"), (Changes(build), Text(build)), "changes and documents");
    }

    private static void Each_call_of_a_transaction_gives_a_change(ViewsUnderTest views)
    {
        var (build, writer) = Complete(views);
        Commit(writer, 5, w =>
        {
            Put(w, "a", "1", 2);
            Put(w, "a", "2", 3);
            w.Remove(0, "a", GlobalPosition.FromInt64(4));
            Put(w, "a", "3", 5);
        });
        Expect.Equal("1 a@2 none > 1; 2 a@3 1 > 2; 3 a@4 2 > none; 4 a@5 none > 3", Changes(build), "changes");
    }

    private static void Changes_of_a_transaction_that_is_given_up_are_not_kept(ViewsUnderTest views)
    {
        var (build, writer) = Complete(views);
        writer.Begin();
        Put(writer, "a", "1", 2);
        writer.Rollback();
        writer.ReportStall("paused");
        Expect.Equal("", Changes(build), "changes");
        Commit(writer, 3, w => Put(w, "b", "2", 3));
        Expect.Equal("1 b@3 none > 2", Changes(build), "changes of the next transaction");
    }

    private static void Changes_of_a_writer_with_a_lower_token_are_not_kept(ViewsUnderTest views)
    {
        var (build, writer) = Complete(views);
        var other = views.Writer(views.Keep(views.OpenAnother().Open(Id, [Keeping()])!), 2);
        writer.Begin();
        Put(writer, "a", "1", 2);
        Expect.True(!writer.Commit(At(2, isComplete: true)), "the commit is refused");
        Commit(other, 3, w => Put(w, "b", "2", 3));
        Expect.Equal("1 b@3 none > 2", Changes(build), "changes");
    }

    private static void Only_the_last_changes_are_kept(ViewsUnderTest views)
    {
        var (build, writer) = Complete(views, 3);
        for (var i = 2; i <= 6; i++)
        {
            var at = i;
            Commit(writer, at, w => Put(w, "a", $"{at}", at));
        }

        Expect.Equal("3 a@4 3 > 4; 4 a@5 4 > 5; 5 a@6 5 > 6", Changes(build), "changes");
        // More in one transaction than are kept.
        Commit(writer, 7, w =>
        {
            for (var i = 0; i < 5; i++) Put(w, $"k{i}", "1", 7);
        });
        Expect.Equal("8 k2@7 none > 1; 9 k3@7 none > 1; 10 k4@7 none > 1", Changes(build), "changes after a large transaction");
        Commit(writer, 8);
        Expect.Equal((3, 10L), (views.Snapshot(build).ReadChanges(0, 0, 100).Count, views.Snapshot(build).FindLastChange(0).Ordinal), "changes after a transaction without one");
    }

    private static void Changes_are_read_from_an_ordinal_on(ViewsUnderTest views)
    {
        var (build, writer) = Complete(views, 5);
        Commit(writer, 2, w =>
        {
            for (var i = 1; i <= 8; i++) Put(w, "a", $"{i}", i);
        });
        var snapshot = views.Snapshot(build);
        foreach (var (from, max, expected) in new (long, int, string)[]
                 {
                     (0, 2, "4 5"), (long.MinValue, 1, "4"), (4, 10, "4 5 6 7 8"), (6, 2, "6 7"), (8, 1, "8"), (9, 10, ""), (long.MaxValue, int.MaxValue, ""),
                 })
            Expect.Equal(expected, string.Join(' ', snapshot.ReadChanges(0, from, max).Select(change => change.Place.Ordinal)), $"at most {max} changes from {from} on");
    }

    private static void Transactions_have_different_marks(ViewsUnderTest views)
    {
        var (build, writer) = Complete(views);
        for (var i = 2; i <= 4; i++)
        {
            var at = i;
            Commit(writer, at, w =>
            {
                Put(w, "a", $"{at}", at);
                Put(w, "b", $"{at}", at);
            });
        }

        var snapshot = views.Snapshot(build);
        var marks = snapshot.ReadChanges(0, 1, 100).Select(change => change.Place.Mark).ToArray();
        Expect.Equal((3, marks[^1]), (marks.Distinct().Count(), snapshot.FindLastChange(0).Mark), "different marks, and that of the last change");
        Expect.Equal(marks, views.Snapshot(build).ReadChanges(0, 1, 100).Select(change => change.Place.Mark), "marks of another snapshot");
    }

    private static void Changes_of_a_snapshot_stay_the_same(ViewsUnderTest views)
    {
        var (build, writer) = Complete(views, 2);
        Commit(writer, 2, w => Put(w, "a", "1", 2));
        var snapshot = views.Snapshot(build);
        var read = snapshot.ReadChanges(0, 1, 10);
        Commit(writer, 3, w =>
        {
            for (var i = 0; i < 5; i++) Put(w, "a", $"\"{i}\"", 3);
        });
        Expect.Equal(("1 a@2 none > 1", 1L), (Changes(snapshot), snapshot.FindLastChange(0).Ordinal), "changes of the snapshot");
        snapshot.Dispose();
        Expect.Equal("1 a@2 none > 1", Text(read), "changes that were read");
    }

    private static void Changes_are_there_after_reopening(ViewsUnderTest views)
    {
        var (build, writer) = Complete(views);
        Commit(writer, 2, w => Put(w, "a", "1", 2));
        var place = views.Snapshot(build).FindLastChange(0);
        views.Reopen();
        // The number that is kept may be another one.
        build = views.Open(Keeping(1));
        Expect.Equal(("1 a@2 none > 1", place), (Changes(build), views.Snapshot(build).FindLastChange(0)), "changes and the last one");
        Commit(views.Writer(build, 2), 3, w => Put(w, "a", "2", 3));
        Expect.Equal("2 a@3 1 > 2", Text(views.Snapshot(build).ReadChanges(0, 2, 10)), "changes of the next writer");
    }

    private static void Tables_keep_their_own_changes(ViewsUnderTest views)
    {
        var build = views.Create(Keeping(), new("plain", []), Keeping(1, "last"));
        var writer = views.Writer(build);
        Commit(writer, 1);
        Commit(writer, 2, w =>
        {
            for (var i = 0; i < 2; i++)
                for (var table = 0; table < 3; table++) w.Put(table, $"k{i}", GlobalPosition.FromInt64(2), "1"u8, []);
        });
        Expect.Equal(("1 k0@2 none > 1; 2 k1@2 none > 1", "2 k1@2 none > 1"), (Changes(build), Text(views.Snapshot(build).ReadChanges(2, 0, 10))), "changes");
        var snapshot = views.Snapshot(build);
        Throws<InvalidOperationException>(() => snapshot.ReadChanges(1, 1, 1), "reading changes of a table that keeps none");
        Throws<InvalidOperationException>(() => snapshot.FindLastChange(1), "finding the last change of a table that keeps none");
        Throws<ArgumentOutOfRangeException>(() => snapshot.ReadChanges(0, 1, 0), "reading no change");
    }

    private static void Build_is_opened_with_changes_as_it_was_created(ViewsUnderTest views)
    {
        views.Create(Keeping()).Dispose();
        Throws<StoreCorruptException>(() => views.Find(Keeping(0))?.Dispose(), "opening without changes");
        Expect.True(views.Open(Keeping(7)).LogId == LogId, "the build is opened with another number of changes");
    }

    private static (IViewBuild Build, IViewWriter Writer) Complete(ViewsUnderTest views, int max = 100)
    {
        var build = views.Create(Keeping(max));
        var writer = views.Writer(build);
        Commit(writer, 1);
        return (build, writer);
    }

    // The table has no index.
    private static void Put(IViewWriter writer, string key, string json, long position = 1) => writer.Put(0, key, GlobalPosition.FromInt64(position), Encoding.UTF8.GetBytes(json), []);

    private static void Commit(IViewWriter writer, long position, Action<IViewWriter>? write = null, bool isComplete = true) => ViewsUnderTest.Commit(writer, position, write, isComplete);

    private static string Changes(IViewBuild build)
    {
        using var snapshot = build.OpenSnapshot();
        return Changes(snapshot);
    }

    private static string Changes(IViewSnapshot snapshot) => Text(snapshot.ReadChanges(0, 1, 100));

    private static string Text(IReadOnlyList<StoredViewChange> changes) =>
        string.Join("; ", changes.Select(c => $"{c.Place.Ordinal} {c.Key}@{c.Position} {Text(c.Before)} > {Text(c.After)}"));

    private static string Text(IViewBuild build) => ViewsUnderTest.Text(build);

    private static string Text(ReadOnlyMemory<byte>? json) => json is { } found ? Encoding.UTF8.GetString(found.Span) : "none";
}
