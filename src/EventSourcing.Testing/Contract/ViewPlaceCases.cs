using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.ViewsUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Places of builds: created, found, opened, opened again.</summary>
internal static class ViewPlaceCases
{
    internal static IEnumerable<ViewStorageCase> All =>
    [
        ViewStorageCase.Of(Storage_is_empty_at_first),
        ViewStorageCase.Of(New_build_is_empty_and_not_complete),
        ViewStorageCase.Of(Build_is_created_once),
        ViewStorageCase.OfTask(One_of_several_concurrent_creations_succeeds),
        ViewStorageCase.Of(Builds_are_listed_in_order),
        ViewStorageCase.Of(Build_is_opened_with_its_log_id),
        ViewStorageCase.Of(Build_is_not_opened_with_other_tables),
        ViewStorageCase.Of(Builds_are_apart),
        ViewStorageCase.Of(Place_that_is_made_again_has_another_origin),
        ViewStorageCase.Of(Path_is_the_file_of_one_build),
        ViewStorageCase.Of(Everything_committed_is_there_after_reopening),
        ViewStorageCase.Of(Build_is_used_through_several_objects),
    ];

    private static void Storage_is_empty_at_first(ViewsUnderTest views)
    {
        Expect.Equal(0, views.Storage.FindBuilds().Count, "builds");
        Expect.True(views.Find() is null, "a build that has no place is not found");
        Expect.True(views.Storage.TryRemove(Id), "a build that has no place is removed");
        Expect.Equal(0, views.Storage.FindBuilds().Count, "builds after the calls");
    }

    private static void New_build_is_empty_and_not_complete(ViewsUnderTest views)
    {
        var build = views.Create();
        Expect.Equal((LogId, 0L), (build.LogId, build.FencingToken), "log and fencing token");
        var snapshot = views.Snapshot(build);
        Expect.Equal(default, snapshot.Checkpoint, "checkpoint");
        Expect.True(snapshot.Stall is null, "there is no stall");
        Expect.Equal((0L, ""), (snapshot.Count(0, []), Text(snapshot)), "documents");
        Expect.Equal("nothing", Text(snapshot.Find(0, "a")), "document");
        var writer = views.Writer(build);
        Expect.Equal(default, writer.Checkpoint, "checkpoint of the writer");
        Expect.True(!writer.TryFind(0, "a", out _, out _), "the writer finds no document");
        Expect.Equal(0, writer.FindKeys(0, 0, "x").Count, "keys");
    }

    private static void Build_is_created_once(ViewsUnderTest views)
    {
        var build = views.Create();
        Commit(views.Writer(build), 1, writer => Put(writer, "a", "{}"));
        foreach (var storage in new[] { views.Storage, views.OpenAnother() })
            Throws<InvalidOperationException>(() => storage.Create(Id, Guid.AllBitsSet, Tables).Dispose(), "the second creation");
        Expect.Equal(("a@1 {}", LogId), (Text(build), views.Open().LogId), "the build after the refused creation");
    }

    private static async Task One_of_several_concurrent_creations_succeeds(ViewsUnderTest views)
    {
        var storages = new[] { views.Storage, views.OpenAnother() };
        for (var number = 1; number <= 5; number++)
        {
            var id = new ViewBuildId("orders", 1, number);
            var created = await Make.TogetherAsync(6, i => Task.FromResult(TryCreate(storages[i % 2], id))).ConfigureAwait(false);
            Expect.Equal(1, created.Count(success => success), "creations that succeeded");
            Expect.True(storages[1].Open(id, Tables) is { } build && views.Keep(build).FencingToken == 0, "the build is opened");
        }
    }

    private static bool TryCreate(IViewStorage storage, ViewBuildId id)
    {
        try
        {
            storage.Create(id, LogId, Tables).Dispose();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static void Builds_are_listed_in_order(ViewsUnderTest views)
    {
        ViewBuildId[] sorted = [new("1", 1, 1), new("a", 1, 2), new("a", 1, 10), new("a", 2, 1), new("a", 10, 1), new("a-b", 1, 1), new("b", 1, 1)];
        foreach (var id in sorted.Reverse()) views.Storage.Create(id, LogId, Tables).Dispose();
        Expect.Equal(sorted, views.Storage.FindBuilds(), "builds");
        Expect.Equal(sorted, views.OpenAnother().FindBuilds(), "builds of another storage");
        Expect.True(views.Storage.TryRemove(sorted[2]), "removed");
        Expect.Equal(sorted.Where(id => id != sorted[2]), views.Storage.FindBuilds(), "builds after the removal");
    }

    private static void Build_is_opened_with_its_log_id(ViewsUnderTest views)
    {
        views.Create().Dispose();
        Expect.Equal(LogId, views.Open().LogId, "log id");
        Expect.True(views.Storage.Open(new("orders", 1, 2), Tables) is null, "another number is another build");
        Expect.True(views.Storage.Open(new("orders", 2, 1), Tables) is null, "another version is another build");
        Expect.True(views.Storage.Open(new("order", 1, 1), Tables) is null, "another set is another build");
        views.Reopen();
        Expect.Equal(LogId, views.Open().LogId, "log id after reopening");
    }

    private static void Build_is_not_opened_with_other_tables(ViewsUnderTest views)
    {
        ViewTable a = new("a", ["x", "y"]), b = new("b", []);
        views.Create(a, b).Dispose();
        ViewTable[][] others = [[a], [b, a], [a, b, new("c", [])], [new("a", ["x"]), b], [new("a", ["y", "x"]), b], [a, new("c", [])], [new("a", ["x", "y", "z"]), b]];
        foreach (var other in others)
            Throws<StoreCorruptException>(() => views.Find(other)?.Dispose(), $"opening with {string.Join(", ", other.Select(t => $"{t.Name} ({string.Join(", ", t.Indexes)})"))}");
        Expect.True(views.Open(a, b).LogId == LogId, "the build is opened with its own tables");
    }

    private static void Place_that_is_made_again_has_another_origin(ViewsUnderTest views)
    {
        var build = views.Create();
        var origin = build.Origin;
        Expect.True(origin != Guid.Empty, "there is an origin");
        build.Dispose();
        views.Reopen();
        using (var again = views.Open()) Expect.Equal(origin, again.Origin, "origin after reopening");
        Expect.True(views.Storage.TryRemove(Id), "the place is removed");
        Expect.True(views.Create().Origin != origin, "the place that is made again has another origin");
    }

    private static void Builds_are_apart(ViewsUnderTest views)
    {
        ViewBuildId[] ids = [new("a", 1, 1), new("a", 1, 2), new("a", 2, 1), new("b", 1, 1)];
        var builds = ids.Select(id => views.Keep(views.Storage.Create(id, LogId, Tables))).ToArray();
        for (var i = 0; i < ids.Length; i++)
        {
            var position = i + 1;
            Commit(views.Writer(builds[i], 10 + i), position, writer => Put(writer, "k", $"{position}", position));
        }

        for (var i = 0; i < ids.Length; i++)
            Expect.Equal(($"k@{i + 1} {i + 1}", 10L + i, At(i + 1)), (Text(builds[i]), builds[i].FencingToken, CheckpointOf(builds[i])), $"build {ids[i]}");
    }

    private static void Path_is_the_file_of_one_build(ViewsUnderTest views)
    {
        ViewBuildId first = new("a", 1, 1), second = new("a", 1, 2);
        views.Storage.Create(first, LogId, Tables).Dispose();
        if (views.Storage.PathOf(first) is not { } path) return;
        Expect.True(File.Exists(path), "the file exists");
        Expect.Equal(views.IsInLog, views.Storage.PathOf(second) == path, "another build is in the same file");
        Expect.Equal(path, views.OpenAnother().PathOf(first), "path of another storage");
        Expect.True(views.Storage.TryRemove(first), "the build is removed");
        Expect.Equal(views.IsInLog, File.Exists(path), "the file exists after the removal");
    }

    private static void Everything_committed_is_there_after_reopening(ViewsUnderTest views)
    {
        var writer = views.Writer(views.Create(), 3);
        Commit(writer, 4, w =>
        {
            Put(w, "a", "1", 2, 0, "ann", 10);
            Put(w, "b", "2", 4, 0, "bob", 20.5);
        });
        Commit(writer, 6, w => w.Remove(0, "a", GlobalPosition.FromInt64(1)), isComplete: true);
        writer.ReportStall("stopped");
        writer.Begin();
        Put(writer, "c", "3", 7);
        for (var round = 1; round <= 2; round++)
        {
            views.Reopen();
            Expect.Equal([Id], views.Storage.FindBuilds(), "builds");
            var build = views.Open();
            Expect.Equal((LogId, 3L), (build.LogId, build.FencingToken), "log and fencing token");
            var snapshot = views.Snapshot(build);
            Expect.Equal((At(6, isComplete: true), "stopped", "b@4 2"), (snapshot.Checkpoint, snapshot.Stall, Text(snapshot)), "checkpoint, stall and documents");
            Expect.Equal(1L, snapshot.Count(0, [new(1, 20.5, 20.5)]), "documents with the value");
            Expect.Equal(At(6, isComplete: true), views.Writer(build, 3).Checkpoint, "checkpoint of the writer");
        }
    }

    private static void Build_is_used_through_several_objects(ViewsUnderTest views)
    {
        var first = views.Create();
        var second = views.Open();
        var third = views.Keep(views.OpenAnother().Open(Id, Tables)!);
        Commit(views.Writer(first), 1, writer => Put(writer, "a", "1"));
        first.Dispose();
        foreach (var build in new[] { second, third }) Expect.Equal("a@1 1", Text(build), "documents");
        Commit(views.Writer(third, 2), 2, writer => Put(writer, "b", "2", 2));
        Expect.Equal(("a@1 1; b@2 2", At(2)), (Text(second), CheckpointOf(second)), "documents and checkpoint of the other object");
    }
}
