using System.Text;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.ViewsUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>What readers see of transactions, and checkpoints.</summary>
internal static class ViewSnapshotCases
{
    internal static IEnumerable<ViewStorageCase> All =>
    [
        ViewStorageCase.Of(Nothing_is_seen_before_the_commit),
        ViewStorageCase.Of(Nothing_is_seen_after_a_rollback),
        ViewStorageCase.Of(Transaction_of_a_disposed_writer_is_given_up),
        ViewStorageCase.Of(Rollback_without_a_transaction_has_no_effect),
        ViewStorageCase.Of(Snapshot_does_not_change_while_the_writer_commits),
        ViewStorageCase.Of(Several_snapshots_of_a_build_are_open),
        ViewStorageCase.Of(Documents_of_a_snapshot_stay_valid),
        ViewStorageCase.Of(Checkpoint_is_committed_with_the_documents),
        ViewStorageCase.Of(Checkpoint_is_committed_without_documents),
        ViewStorageCase.Of(Stall_is_read_until_it_is_cleared),
        ViewStorageCase.OfTask(Readers_on_other_threads_see_whole_transactions),
    ];

    private static void Nothing_is_seen_before_the_commit(ViewsUnderTest views)
    {
        var build = views.Create();
        var other = views.Keep(views.OpenAnother().Open(Id, Tables)!);
        var writer = views.Writer(build);
        Commit(writer, 1, w => Put(w, "a", "1"));
        writer.Begin();
        Put(writer, "a", "2", 2);
        Put(writer, "b", "2", 2, 0, "x", 1);
        foreach (var reader in new[] { build, other })
        {
            Expect.Equal(("a@1 1", At(1)), (Text(reader), CheckpointOf(reader)), "documents and checkpoint");
            Expect.Equal(0L, views.Snapshot(reader).Count(0, [new(0, "x", "x")]), "documents with the value");
        }

        Expect.True(writer.Commit(At(2)), "the commit");
        foreach (var reader in new[] { build, other }) Expect.Equal(("a@2 2; b@2 2", At(2)), (Text(reader), CheckpointOf(reader)), "documents and checkpoint after the commit");
    }

    private static void Nothing_is_seen_after_a_rollback(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 1, w => Put(w, "a", "1"));
        writer.Begin();
        Put(writer, "a", "2", 2);
        Put(writer, "b", "2", 2);
        writer.Remove(0, "a", GlobalPosition.FromInt64(1));
        writer.Rollback();
        Expect.Equal(("a@1 1", At(1), At(1)), (Text(build), CheckpointOf(build), writer.Checkpoint), "documents and checkpoints");
        Commit(writer, 3, w => Put(w, "c", "3", 3));
        Expect.Equal(("a@1 1; c@3 3", At(3)), (Text(build), CheckpointOf(build)), "documents and checkpoint after another transaction");
    }

    private static void Transaction_of_a_disposed_writer_is_given_up(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        writer.Begin();
        Put(writer, "a", "1");
        writer.Dispose();
        Expect.Equal(("", default), (Text(build), CheckpointOf(build)), "documents and checkpoint");
        Commit(views.Writer(build), 1, w => Put(w, "b", "1"));
        Expect.Equal("b@1 1", Text(build), "documents of the next writer");
    }

    private static void Rollback_without_a_transaction_has_no_effect(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        writer.Rollback();
        Commit(writer, 1, w => Put(w, "a", "1"));
        writer.Rollback();
        writer.Rollback();
        Expect.Equal(("a@1 1", At(1)), (Text(build), writer.Checkpoint), "documents and checkpoint");
    }

    private static void Snapshot_does_not_change_while_the_writer_commits(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 1, w =>
        {
            Put(w, "a", "1", 1, 0, "x", 1);
            Put(w, "b", "1", 1, 0, "x", 2);
        });
        // The first snapshot has read nothing when the writer continues; the second has.
        IViewSnapshot[] snapshots = [views.Snapshot(build), views.Snapshot(build)];
        Expect.Equal("a@1 1; b@1 1", Text(snapshots[1]), "documents");
        for (var position = 2; position <= 20; position++)
        {
            var at = position;
            Commit(writer, at, w =>
            {
                Put(w, "a", $"{at}", at, 0, "y", at);
                Put(w, $"c{at}", "{}", at, 0, "x", at);
                w.Remove(0, "b", GlobalPosition.FromInt64(1));
            }, isComplete: true);
            writer.ReportStall($"stall {at}");
        }

        foreach (var snapshot in snapshots)
        {
            Expect.Equal(("a@1 1; b@1 1", At(1), 2L), (Text(snapshot), snapshot.Checkpoint, snapshot.Count(0, [])), "documents, checkpoint and number of documents");
            Expect.True(snapshot.Stall is null, "there is no stall");
            Expect.Equal(("b@1 1", "nothing", 2L), (Text(snapshot.Find(0, "b")), Text(snapshot.Find(0, "c2")), snapshot.Count(0, [new(0, "x", "x")])), "documents by key and by index");
        }

        Expect.Equal((20L, At(20, isComplete: true)), (views.Snapshot(build).Count(0, []), CheckpointOf(build)), "number of documents and checkpoint of a new snapshot");
    }

    private static void Several_snapshots_of_a_build_are_open(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        var snapshots = new List<IViewSnapshot>();
        for (var position = 1; position <= 8; position++)
        {
            var at = position;
            Commit(writer, at, w => Put(w, "a", $"{at}", at));
            snapshots.Add(views.Snapshot(build));
        }

        snapshots[3].Dispose();
        for (var i = 0; i < snapshots.Count; i++)
            if (i != 3) Expect.Equal(($"a@{i + 1} {i + 1}", At(i + 1)), (Text(snapshots[i]), snapshots[i].Checkpoint), $"snapshot {i + 1}");
    }

    private static void Documents_of_a_snapshot_stay_valid(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 1, w =>
        {
            for (var i = 0; i < 10; i++) Put(w, $"k{i}", $"\"first {i}\"");
        });
        var snapshot = views.Snapshot(build);
        var one = snapshot.Find(0, "k0")!.Value;
        var page = snapshot.Read(new() { Table = 0, Max = 10 });
        snapshot.Find(0, "k5");
        snapshot.Read(new() { Table = 0, Max = 3, Descending = true });
        snapshot.Dispose();
        Commit(writer, 2, w =>
        {
            for (var i = 0; i < 10; i++) Put(w, $"k{i}", $"\"other {i}\"", 2);
        });
        Text(build);
        Expect.Equal("k0@1 \"first 0\"", Text(one), "document by key");
        Expect.Equal(Enumerable.Range(0, 10).Select(i => $"\"first {i}\""), page.Select(row => Encoding.UTF8.GetString(row.Json.Span)), "documents of the page");
    }

    private static void Checkpoint_is_committed_with_the_documents(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        ViewCheckpoint[] checkpoints = [At(1), At(1000), At(1000, isComplete: true), new(GlobalPosition.FromInt64(long.MaxValue), ResumeToken.Of(GlobalPosition.FromInt64(long.MaxValue), Guid.AllBitsSet, uint.MaxValue), true), At(3)];
        foreach (var checkpoint in checkpoints)
        {
            writer.Begin();
            Put(writer, "a", "1");
            Expect.True(writer.Commit(checkpoint), "the commit");
            Expect.Equal((checkpoint, checkpoint), (CheckpointOf(build), writer.Checkpoint), "checkpoints");
        }

        views.Reopen();
        build = views.Open();
        Expect.Equal((At(3), At(3)), (CheckpointOf(build), views.Writer(build, 2).Checkpoint), "checkpoints after reopening");
    }

    private static void Checkpoint_is_committed_without_documents(ViewsUnderTest views)
    {
        var build = views.Create();
        var writer = views.Writer(build);
        Commit(writer, 0, isComplete: true);
        Expect.Equal((At(0, isComplete: true), ""), (CheckpointOf(build), Text(build)), "checkpoint of an empty log");
        Commit(writer, 5, isComplete: true);
        Expect.Equal((At(5, isComplete: true), ""), (CheckpointOf(build), Text(build)), "checkpoint after events without a document");
    }

    private static void Stall_is_read_until_it_is_cleared(ViewsUnderTest views)
    {
        var build = views.Create();
        var other = views.Keep(views.OpenAnother().Open(Id, Tables)!);
        var writer = views.Writer(build);
        Commit(writer, 1, w => Put(w, "a", "1"));
        foreach (var stall in new[] { "first", "second: 'é' 😀\nat line 2", null, "third", null, null })
        {
            writer.ReportStall(stall);
            foreach (var reader in new[] { build, other })
            {
                using var snapshot = reader.OpenSnapshot();
                Expect.Equal((stall, At(1), "a@1 1"), (snapshot.Stall, snapshot.Checkpoint, Text(snapshot)), "stall, checkpoint and documents");
            }
        }
    }

    private static async Task Readers_on_other_threads_see_whole_transactions(ViewsUnderTest views)
    {
        const int commits = 150;
        var build = views.Create();
        var other = views.Keep(views.OpenAnother().Open(Id, Tables)!);
        var writer = views.Writer(build);
        Commit(writer, 1, w => Change(w, 1));
        var isWritten = false;
        var reads = await Make.TogetherAsync(5, worker => Task.FromResult(worker == 0 ? Write() : Read(worker % 2 == 0 ? build : other))).ConfigureAwait(false);
        Expect.True(reads.All(count => count > 0), "every worker has done something");

        int Write()
        {
            try
            {
                for (var at = 2; at <= commits; at++)
                {
                    var position = at;
                    Commit(writer, position, w => Change(w, position));
                }

                return commits;
            }
            finally
            {
                Volatile.Write(ref isWritten, true);
            }
        }

        int Read(IViewBuild build)
        {
            for (var count = 1; ; count++)
            {
                var isLast = Volatile.Read(ref isWritten);
                using var snapshot = build.OpenSnapshot();
                var at = snapshot.Checkpoint.Position.ToInt64();
                Expect.Equal(($"a@{at} {at}; b@{at} {at}", 2L, $"b@{at} {at}"), (Text(snapshot), snapshot.Count(0, [new(0, at, at)]), Text(snapshot.Find(0, "b"))), "documents of one checkpoint");
                if (isLast) return count;
            }
        }

        static void Change(IViewWriter writer, long at)
        {
            foreach (var key in new[] { "a", "b" }) Put(writer, key, $"{at}", at, 0, at, "x");
        }
    }
}
