using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.ViewsUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Places that are removed, while they are used too.</summary>
internal static class ViewRemovalCases
{
    internal static IEnumerable<ViewStorageCase> All =>
    [
        ViewStorageCase.Of(Removed_build_is_gone),
        ViewStorageCase.Of(Removed_build_is_created_again_empty),
        ViewStorageCase.Of(Removal_leaves_other_builds),
        ViewStorageCase.Of(Snapshot_of_a_removed_build_shows_no_other_data),
        ViewStorageCase.Of(Writer_of_a_removed_build_does_not_write_to_the_next),
    ];

    private static void Removed_build_is_gone(ViewsUnderTest views)
    {
        var build = views.Create();
        Commit(views.Writer(build), 1, w => Put(w, "a", "1"), isComplete: true);
        views.Reopen();
        Expect.True(views.Storage.TryRemove(Id), "a build that nothing uses is removed");
        foreach (var storage in new[] { views.Storage, views.OpenAnother() })
        {
            Expect.Equal(0, storage.FindBuilds().Count, "builds");
            Expect.True(storage.Open(Id, Tables) is null, "the build is not found");
        }

        Expect.True(views.Storage.TryRemove(Id), "a build that is gone is removed");
    }

    private static void Removed_build_is_created_again_empty(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build, 9);
        Commit(writer, 5, w => Put(w, "a", "1", 1, 0, "x", 1), isComplete: true);
        writer.ReportStall("old");
        views.Reopen();
        Expect.True(views.Storage.TryRemove(Id), "the build is removed");
        ViewTable other = new("other", ["x"]);
        build = views.Keep(views.Storage.Create(Id, Guid.AllBitsSet, [other]));
        var snapshot = views.Snapshot(build);
        Expect.Equal((Guid.AllBitsSet, 0L, default, ""), (build.LogId, build.FencingToken, snapshot.Checkpoint, Text(snapshot)), "log, fencing token, checkpoint and documents");
        Expect.True(snapshot.Stall is null, "there is no stall");
        Commit(views.Writer(build, 1), 1, w => Put(w, "b", "2", 1, 0, "x"));
        Expect.Equal("b@1 2", Text(views.Open(other)), "documents");
    }

    private static void Removal_leaves_other_builds(ViewsUnderTest views)
    {
        ViewBuildId[] ids = [new("a", 1, 1), new("a", 1, 10), new("a", 10, 1), new("a-a", 1, 1)];
        foreach (var id in ids)
        {
            using var build = views.Storage.Create(id, LogId, Tables);
            using var writer = build.OpenWriter(1)!;
            Commit(writer, 1, w => Put(w, "k", "1"));
        }

        Expect.True(views.Storage.TryRemove(ids[0]), "the build is removed");
        Expect.Equal(ids[1..], views.Storage.FindBuilds(), "builds");
        foreach (var id in ids[1..]) Expect.Equal("k@1 1", Text(views.Keep(views.Storage.Open(id, Tables)!)), $"documents of {id}");
    }

    // A system that keeps open files from removal refuses; on others the old place lives until it is closed.
    private static void Snapshot_of_a_removed_build_shows_no_other_data(ViewsUnderTest views)
    {
        var build = views.Create();
        Commit(views.Writer(build), 1, w => Put(w, "a", "1", 1, 0, "x", 1));
        var snapshot = views.Snapshot(build);
        Expect.Equal("a@1 1", Text(snapshot), "documents before the removal");
        if (!views.Storage.TryRemove(Id))
        {
            Expect.Equal(("a@1 1", "a@1 1"), (Text(snapshot), Text(build)), "documents after the refused removal");
            return;
        }

        OldOrRefused(() => Text(snapshot), "the open snapshot of the removed build");
        OldOrRefused(() => Text(build), "a new snapshot of the removed build");
        var next = views.Create();
        Commit(views.Writer(next), 2, w => Put(w, "b", "2", 2, 0, "y", 2));
        OldOrRefused(() => Text(snapshot), "the open snapshot of the replaced build");
        OldOrRefused(() => Text(build), "a new snapshot of the replaced build");
        Expect.Equal("b@2 2", Text(next), "documents of the new build");
    }

    private static void Writer_of_a_removed_build_does_not_write_to_the_next(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build, 5);
        Commit(writer, 1, w => Put(w, "a", "1"));
        if (!views.Storage.TryRemove(Id)) return;
        var next = views.Create();
        Commit(views.Writer(next, 1), 2, w => Put(w, "b", "2", 2));
        try
        {
            writer.Begin();
            Put(writer, "c", "3", 3);
            writer.Commit(At(3));
        }
        catch (EventSourcingException)
        {
            // The writer may see that its place is gone.
            writer.Rollback();
        }

        Expect.Equal(("b@2 2", At(2), 1L), (Text(next), CheckpointOf(next), next.FencingToken), "documents, checkpoint and fencing token of the new build");
        writer.Dispose();
        OldOrRefused(() =>
        {
            using var again = build.OpenWriter(7);
            return "a@1 1";
        }, "a writer of the removed build");
        Expect.Equal(1L, next.FencingToken, "fencing token of the new build");
    }

    private static void OldOrRefused(Func<string> read, string what)
    {
        try
        {
            Expect.Equal("a@1 1", read(), what);
        }
        catch (StoreCorruptException)
        {
            // It is reported that the place is gone.
        }
    }
}
