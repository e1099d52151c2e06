using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.ViewsUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Fencing tokens: a writer with a higher one ends the writing of those with a lower one.</summary>
internal static class ViewFencingCases
{
    internal static IEnumerable<ViewStorageCase> All =>
    [
        ViewStorageCase.Of(Opening_a_writer_stores_its_token),
        ViewStorageCase.Of(Writer_with_a_lower_token_is_not_opened),
        ViewStorageCase.Of(Commit_with_a_lower_token_writes_nothing),
        ViewStorageCase.Of(Writer_stays_fenced_off),
        ViewStorageCase.Of(Stall_with_a_lower_token_is_not_written),
        ViewStorageCase.Of(Token_survives_reopening),
        ViewStorageCase.OfTask(One_of_several_concurrent_writers_is_left),
    ];

    private static void Opening_a_writer_stores_its_token(ViewsUnderTest views)
    {
        var build = views.Create();
        var other = views.Keep(views.OpenAnother().Open(Id, Tables)!);
        foreach (var token in new[] { 1L, 1, 2, 100, long.MaxValue })
        {
            using (views.Writer(build, token)) Expect.Equal((token, token), (build.FencingToken, other.FencingToken), "fencing token");
            Expect.Equal((token, token), (build.FencingToken, views.Open().FencingToken), "fencing token after the writer is closed");
        }
    }

    private static void Writer_with_a_lower_token_is_not_opened(ViewsUnderTest views)
    {
        var build = views.Create();
        var other = views.Keep(views.OpenAnother().Open(Id, Tables)!);
        views.Writer(build, 5).Dispose();
        foreach (var place in new[] { build, other })
            foreach (var token in new[] { 0L, 1, 4 }) Expect.True(place.OpenWriter(token) is null, $"a writer with token {token} is refused");
        Expect.Equal((5L, 5L), (build.FencingToken, other.FencingToken), "fencing token after the refusals");
        Commit(views.Writer(other, 5), 1, w => Put(w, "a", "1"));
        Expect.Equal("a@1 1", Text(build), "documents");
    }

    private static void Commit_with_a_lower_token_writes_nothing(ViewsUnderTest views)
    {
        var build = views.Create();
        var (old, current) = Both(views, build);
        Expect.True(!TryCommit(old, 2, "a"), "the commit of the writer with the lower token is refused");
        Expect.Equal(("", default), (Text(build), CheckpointOf(build)), "documents and checkpoint");
        Commit(current, 1, w => Put(w, "b", "1"));
        Expect.True(!TryCommit(old, 2, "a"), "the next commit of the writer with the lower token is refused");
        Expect.Equal(("b@1 1", At(1), 2L), (Text(build), CheckpointOf(build), build.FencingToken), "documents, checkpoint and fencing token");
    }

    private static void Writer_stays_fenced_off(ViewsUnderTest views)
    {
        var build = views.Create();
        var (old, current) = Both(views, build);
        Expect.True(!TryCommit(old, 2, "a"), "the first commit is refused");
        current.Dispose();
        old.Rollback();
        for (var i = 0; i < 3; i++) Expect.True(!TryCommit(old, 3 + i, "a"), "a later commit is refused");
        old.Dispose();
        Expect.True(build.OpenWriter(1) is null, "the writer is not opened again");
        Commit(views.Writer(build, 2), 1, w => Put(w, "b", "1"));
        Expect.Equal("b@1 1", Text(build), "documents");
    }

    private static void Stall_with_a_lower_token_is_not_written(ViewsUnderTest views)
    {
        var build = views.Create();
        var (old, current) = Both(views, build);
        old.ReportStall("old");
        Expect.True(views.Snapshot(build).Stall is null, "there is no stall");
        current.ReportStall("current");
        old.ReportStall(null);
        Expect.Equal("current", views.Snapshot(build).Stall, "stall");
    }

    private static void Token_survives_reopening(ViewsUnderTest views)
    {
        Commit(views.Writer(views.Create(), 7), 1, w => Put(w, "a", "1"));
        views.Reopen();
        var build = views.Open();
        Expect.Equal(7L, build.FencingToken, "fencing token");
        Expect.True(build.OpenWriter(6) is null, "a writer with a lower token is refused");
        Commit(views.Writer(build, 8), 2, w => Put(w, "b", "2", 2));
        Expect.Equal("a@1 1; b@2 2", Text(build), "documents");
    }

    private static async Task One_of_several_concurrent_writers_is_left(ViewsUnderTest views)
    {
        const int writers = 6;
        views.Create().Dispose();
        var builds = Enumerable.Range(0, writers).Select(i => views.Keep((i % 2 == 0 ? views.Storage : views.OpenAnother()).Open(Id, Tables)!)).ToArray();
        var committed = await Make.TogetherAsync(writers, i => Task.FromResult(Write(builds[i], i + 1))).ConfigureAwait(false);
        Expect.True(committed[^1] == 20, "the writer with the highest token has committed everything");
        Expect.Equal((writers, 20L), (builds[0].FencingToken, CheckpointOf(builds[0]).Position.ToInt64() % 1000), "fencing token and checkpoint");
        using var snapshot = builds[0].OpenSnapshot();
        for (var i = 0; i < writers; i++)
            Expect.Equal((long)committed[i], snapshot.Count(0, [new(0, i + 1, i + 1)]), $"documents of the writer with token {i + 1}");

        static int Write(IViewBuild build, long token)
        {
            using var writer = build.OpenWriter(token);
            var count = 0;
            if (writer is null) return count;
            for (; count < 20; count++)
            {
                writer.Begin();
                Put(writer, $"{token}-{count}", "{}", 1, 0, token, count);
                if (!writer.Commit(At(token * 1000 + count + 1))) break;
            }

            return count;
        }
    }

    // The writers are of two objects: an object has one writer at a time.
    private static (IViewWriter Old, IViewWriter Current) Both(ViewsUnderTest views, IViewBuild build)
    {
        var old = views.Writer(views.Keep(views.OpenAnother().Open(Id, Tables)!), 1);
        return (old, views.Writer(build, 2));
    }

    private static bool TryCommit(IViewWriter writer, long position, string key)
    {
        writer.Begin();
        Put(writer, key, "\"refused\"", position, 0, "x", 1);
        return writer.Commit(At(position, isComplete: true));
    }
}
