using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.ViewsUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Names of sets, tables and indexes, and several tables in one build.</summary>
internal static class ViewNameCases
{
    internal static IEnumerable<ViewStorageCase> All =>
    [
        ViewStorageCase.Of(Tables_of_a_build_are_apart),
        ViewStorageCase.Of(Names_of_100_characters_are_stored),
        ViewStorageCase.Of(Tables_may_have_any_valid_name),
        ViewStorageCase.Of(Indexes_may_have_any_valid_name),
    ];

    private static void Tables_of_a_build_are_apart(ViewsUnderTest views)
    {
        var build = views.Create(new("a", ["x"]), new("b", []), new("c", ["x", "y"]));
        var writer = views.Writer(build);
        Commit(writer, 3, w =>
        {
            Put(w, "k", "1", 1, 0, "v");
            Put(w, "k", "2", 2, 1);
            Put(w, "k", "3", 3, 2, "w", "v");
            Put(w, "l", "4", 3, 2, "v", "v");
        });
        Expect.Equal(("k@1 1", "k@2 2", "k@3 3; l@3 4"), (Text(build, 0), Text(build, 1), Text(build, 2)), "documents");
        Expect.Equal(["k"], writer.FindKeys(0, 0, "v"), "keys in the first table");
        Expect.Equal(["l"], writer.FindKeys(2, 0, "v"), "keys in the third table");
        Expect.Equal(["k", "l"], writer.FindKeys(2, 1, "v"), "keys in the third table by the second index");
        Commit(writer, 4, w => w.Remove(1, "k", GlobalPosition.FromInt64(1)));
        Expect.Equal(("k@1 1", "", "k@3 3; l@3 4"), (Text(build, 0), Text(build, 1), Text(build, 2)), "documents after the removal");
        var snapshot = views.Snapshot(build);
        Expect.Equal((1L, 0L, 2L), (snapshot.Count(0, []), snapshot.Count(1, []), snapshot.Count(2, [])), "numbers of documents");
    }

    private static void Names_of_100_characters_are_stored(ViewsUnderTest views)
    {
        var name = new string('s', 100);
        var id = new ViewBuildId(name, int.MaxValue, long.MaxValue);
        ViewTable[] tables = [new(name, [new string('i', 100), new string('i', 99)])];
        var build = views.Keep(views.Storage.Create(id, LogId, tables));
        Commit(views.Writer(build), 1, w => Put(w, "k", "1", 1, 0, "a", "b"));
        Expect.Equal([id], views.Storage.FindBuilds(), "builds");
        views.Reopen();
        Expect.Equal("k@1 1", Text(views.Keep(views.Storage.Open(id, tables)!)), "documents");
        Expect.True(views.IsInLog || views.Storage.PathOf(id) is null or { Length: > 100 }, "the path holds the whole name");
    }

    // A table's name must not meet the names that the storage uses itself, or the words of a database's language.
    private static void Tables_may_have_any_valid_name(ViewsUnderTest views)
    {
        string[] names =
        [
            "build", "builds", "meta", "metadata", "info", "state", "status", "checkpoint", "checkpoints", "view", "views", "set", "row", "rows", "table", "tables", "document", "documents",
            "key", "position", "json", "token", "fencing", "stall", "log", "schema", "version", "sqlite-master", "select", "index", "order", "group", "null", "0", "1", "-", "--", "t0", "t1", "t2", "d0", "d1", "p0", "p1", "r0", "r1", "v0", "v1", "x0", "i0", "i1",
        ];
        var tables = names.Select(name => new ViewTable(name, ["value"])).ToArray();
        var build = views.Create(tables);
        Commit(views.Writer(build), 1, w =>
        {
            for (var i = 0; i < names.Length; i++) w.Put(i, "k", GlobalPosition.FromInt64(1), "{}"u8, [i]);
        });
        views.Reopen();
        var snapshot = views.Snapshot(views.Open(tables));
        for (var i = 0; i < names.Length; i++) Expect.Equal(1L, snapshot.Count(i, [new(0, i, i)]), $"documents of {names[i]}");
    }

    private static void Indexes_may_have_any_valid_name(ViewsUnderTest views)
    {
        string[] names = ["rowid", "oid", "select", "Order", "GROUP", "value", "values", "id", "k", "v0", "i0", "c0", "x0", "doc", "document", "data", "rank", "name", "type", "hidden", "null", "true", "a_b", "a1", "pos", "row", "rows"];
        var table = new ViewTable("orders", names);
        var build = views.Create(table);
        Commit(views.Writer(build), 1, w =>
        {
            for (var i = 0; i < 3; i++) w.Put(0, $"k{i}", GlobalPosition.FromInt64(1), "{}"u8, [.. names.Select((_, index) => (ViewValue)(index * 10 + (2 - i)))]);
        });
        views.Reopen();
        build = views.Open(table);
        var (snapshot, writer) = (views.Snapshot(build), views.Writer(build));
        for (var i = 0; i < names.Length; i++)
        {
            var page = snapshot.Read(new() { Table = 0, OrderBy = i, Max = 10 });
            Expect.Equal(["k2", "k1", "k0"], page.Select(row => row.Key), $"documents in order of {names[i]}");
            Expect.Equal(["k1"], writer.FindKeys(0, i, i * 10 + 1), $"keys by {names[i]}");
        }
    }
}
