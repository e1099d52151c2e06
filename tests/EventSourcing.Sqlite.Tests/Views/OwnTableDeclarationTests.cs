using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>What is wrong with a declaration is found where the projection is put into a set.</summary>
public sealed class OwnTableDeclarationTests
{
    private const string One = "CREATE TABLE one (id TEXT PRIMARY KEY NOT NULL, n INTEGER)";

    [TestCase("CREATE TABLE one (id TEXT, n INTEGER)", "not unique")]
    [TestCase("CREATE TABLE one (id TEXT, n INTEGER); CREATE UNIQUE INDEX some ON one (id) WHERE n > 0", "not unique")]
    [TestCase("CREATE TABLE one (id TEXT, n INTEGER, UNIQUE (id, n))", "not unique")]
    [TestCase("CREATE TABLE one (key TEXT PRIMARY KEY)", "declares a column 'id'")]
    [TestCase("CREATE TABLE other (id TEXT PRIMARY KEY)", "does not declare it")]
    [TestCase("", "does not make it")]
    [TestCase(One + "; CREATE TABLE two (id)", "the table 'two' and does not declare it")]
    [TestCase(One + "; CREATE TABLE es_two (id)", "names that begin with es_")]
    [TestCase(One + "; ALTER TABLE one RENAME TO es_one", "names that begin with es_")]
    [TestCase(One + "; CREATE TEMP TABLE two (id)", "temporary")]
    [TestCase(One + "; COMMIT", "library begins and ends")]
    [TestCase(One + "; PRAGMA writable_schema = ON", "PRAGMA writable_schema")]
    [TestCase(One + "; ATTACH ':memory:' AS x", "no other file")]
    [TestCase(One + "; INSERT INTO one VALUES ('x', random())", "another value at each replay")]
    [TestCase("CREATE TABEL one (id)", "syntax error")]
    public void Wrong_tables_are_refused(string schema, string reason)
    {
        var projection = new OwnProjection("own", schema, [("one", ["id"])], static (_, _, _) => { });
        ((Action)(() => _ = new ViewSet(projection))).Should().Throw<StoreConfigurationException>().WithMessage($"*'own'*{reason}*");
    }

    [Test]
    public void Projection_without_handler_or_table_is_refused()
    {
        ((Action)(() => _ = new ViewSet(new OwnProjection("own", One, [("one", ["id"])])))).Should().Throw<InvalidOperationException>().WithMessage("*no handler*");
        ((Action)(() => _ = new ViewSet(new OwnProjection("own", One, [], static (_, _, _) => { })))).Should().Throw<InvalidOperationException>().WithMessage("*no table*");
    }

    [Test]
    public void Table_is_declared_once_with_a_key_and_before_the_projection_is_used()
    {
        var projection = new OwnProjection("own", One, [("one", ["id"])], static (_, _, _) => { });
        ((Action)(() => projection.Declare("ONE", "id"))).Should().Throw<ArgumentException>();
        ((Action)(() => projection.Declare("two"))).Should().Throw<ArgumentException>();
        ((Action)(() => projection.Declare("two", "a", "a"))).Should().Throw<ArgumentException>();
        ((Action)(() => projection.Handle(static (_, _) => { }))).Should().Throw<ArgumentException>();
        _ = new ViewSet(projection);
        ((Action)(() => projection.Declare("two", "id"))).Should().Throw<InvalidOperationException>();
    }

    [Test]
    public void Two_projections_of_a_set_do_not_make_the_same_name()
    {
        var act = () => new ViewSet("all", 1, new OwnCounts(), new OwnCounts(name: "again"));
        act.Should().Throw<ArgumentException>().WithMessage("*'own-counts' and 'again'*'all'*'counts'*");
        var hidden = () => new ViewSet("all", 1, new OwnProjection("own", "CREATE TABLE \"ITEM-COUNTS\" (id TEXT PRIMARY KEY)", [("ITEM-COUNTS", ["id"])], static (_, _, _) => { }), new ItemCounts());
        hidden.Should().Throw<ArgumentException>().WithMessage("*'item-counts' and 'own'*");
    }

    [Test]
    public async Task Tables_with_odd_names_collations_and_types_are_verified()
    {
        const string Odd = "CREATE TABLE \"odd \"\"table\" (\"the key\" TEXT COLLATE NOCASE, \"group\" ANY, x BLOB, r REAL, g GENERATED ALWAYS AS (r * 2) VIRTUAL, UNIQUE (\"group\", \"the key\")); "
            + "CREATE TABLE counter (id INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT); CREATE VIEW odds AS SELECT * FROM counter; CREATE TRIGGER odder AFTER INSERT ON counter BEGIN UPDATE counter SET sku = upper(sku) WHERE id = new.id; END; INSERT INTO counter (sku) VALUES ('first')";
        var projection = new OwnProjection("own", Odd, [("odd \"table", ["the key", "group"]), ("counter", ["id"])], (connection, e, envelope) =>
        {
            connection.Run("INSERT INTO \"odd \"\"table\" VALUES ($key, $group, $x, $r)",
                ("$key", e.Sku), ("$group", e.Quantity % 2 == 0 ? DBNull.Value : envelope.Position.ToInt64()), ("$x", new byte[] { 1, (byte)e.Quantity }), ("$r", e.Quantity / 3.0));
            connection.Run("INSERT INTO counter (sku) VALUES ($sku)", ("$sku", e.Sku));
        });
        using var file = new TemporaryFile();
        await using var store = SqliteEventStore.Open(file.Path, ViewShop.Types);
        await using var views = new EventViews(store, [projection]);
        await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("b", 1), new Added("B", 2), new Added("a", 3), new Added("A", 4), new Added("é", 5), new Added("é", 6), new Added("é", 6)]);
        await views.CatchUpAsync();
        (await views.ReadAsync("own", "SELECT * FROM odds")).Should().StartWith(["1|FIRST", "2|B"]);
        (await views.VerifyAsync("own")).Should().BeEquivalentTo(new { IsEqual = true, Documents = 15L });
    }
}
