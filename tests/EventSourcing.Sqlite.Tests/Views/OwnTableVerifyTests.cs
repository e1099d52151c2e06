using CsCheck;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>Rows of own tables that somebody has changed are found, and random histories give the rows of a fold by hand.</summary>
public sealed class OwnTableVerifyTests
{
    private TemporaryFile _file = null!;

    [SetUp]
    public void Open() => _file = new();

    [TearDown]
    public void Close() => _file.Dispose();

    [TestCase("UPDATE counts SET quantity = 8 WHERE sku = 'b'", "counts(sku=b)", "{\"sku\":\"b\",\"quantity\":8,\"events\":1,\"changed\":2}", "{\"sku\":\"b\",\"quantity\":3,\"events\":1,\"changed\":2}", 2)]
    [TestCase("DELETE FROM counts WHERE sku = 'a'", "counts(sku=a)", null, "{\"sku\":\"a\",\"quantity\":7,\"events\":2,\"changed\":3}", 3)]
    [TestCase("INSERT INTO counts VALUES ('aa', 1, 1, 2)", "counts(sku=aa)", "{\"sku\":\"aa\",\"quantity\":1,\"events\":1,\"changed\":2}", null, 2)]
    [TestCase("INSERT INTO journal VALUES (9, 1)", "journal(position=9)", "{\"position\":9,\"quantity\":1}", null, 9)]
    [TestCase("UPDATE counts SET quantity = 3.5 WHERE sku = 'b'", "counts(sku=b)", "{\"sku\":\"b\",\"quantity\":3.5,\"events\":1,\"changed\":2}", "{\"sku\":\"b\",\"quantity\":3,\"events\":1,\"changed\":2}", 2)]
    [TestCase("UPDATE counts SET events = x'01' WHERE sku = 'b'", "counts(sku=b)", "{\"sku\":\"b\",\"quantity\":3,\"events\":\"x'01'\",\"changed\":2}", "{\"sku\":\"b\",\"quantity\":3,\"events\":1,\"changed\":2}", 2)]
    public async Task Verification_finds_the_first_row_that_differs(string sql, string key, string? found, string? expected, long position)
    {
        await using var store = SqliteEventStore.Open(_file.Path, ViewShop.Types);
        await using var views = new EventViews(store, [new OwnCounts()]);
        await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 2), new Added("b", 3), new Added("a", 5)]);
        await views.CatchUpAsync();
        await using (var tool = new SqliteConnection($"Data Source={(await views.GetStatusAsync()).Single().Path};Pooling=false"))
        {
            await tool.OpenAsync();
            tool.Run(sql);
        }

        var difference = (await views.VerifyAsync("own-counts")).Difference;
        difference.Should().Be(new ViewDifference("own-counts", key, found, expected, GlobalPosition.FromInt64(position)));
        await views.RebuildAsync("own-counts");
        (await views.VerifyAsync("own-counts")).IsEqual.Should().BeTrue();
    }

    [TestCase("DROP TABLE journal")]
    [TestCase("ALTER TABLE counts ADD COLUMN more")]
    public async Task File_with_other_tables_is_damaged_until_it_is_rebuilt(string sql)
    {
        await using var store = SqliteEventStore.Open(_file.Path, ViewShop.Types);
        string path;
        await using (var views = new EventViews(store, [new OwnCounts()]))
        {
            await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 2)]);
            await views.CatchUpAsync();
            path = (await views.GetStatusAsync()).Single().Path!;
        }

        await using (var tool = new SqliteConnection($"Data Source={path};Pooling=false"))
        {
            await tool.OpenAsync();
            tool.Run(sql);
        }

        await using var again = new EventViews(store, [new OwnCounts()]);
        await ((Func<Task>)(() => again.ReadAsync("own-counts", "SELECT * FROM counts"))).Should().ThrowAsync<StoreCorruptException>();
        await again.RebuildAsync("own-counts");
        (await again.ReadAsync("own-counts", "SELECT sku, quantity FROM counts")).Should().Equal("a|2");
    }

    [Test]
    public void Rows_equal_a_fold_by_hand() => Gen.Select(Gen.Select(Gen.Int[0, 9], Gen.Int[0, 4], Gen.Int[-3, 9]).Array[1, 40], Gen.Int[1, 7]).Sample((history, writeEvery) =>
    {
        using var file = new TemporaryFile();
        RunAsync(file, history, writeEvery).GetAwaiter().GetResult();
    }, iter: 25, threads: 1);

    private static async Task RunAsync(TemporaryFile file, (int Action, int Sku, int Quantity)[] history, int writeEvery)
    {
        await using var store = SqliteEventStore.Open(file.Path, ViewShop.Types);
        var model = new SortedDictionary<string, (long Quantity, long Events)>(StringComparer.Ordinal);
        var views = Open();
        try
        {
            await views.StartAsync();
            foreach (var (action, sku, quantity) in history)
            {
                if (action == 0)
                {
                    await views.DisposeAsync();
                    views = Open();
                    await views.StartAsync();
                }
                else if (action == 1) await views.RebuildAsync("own-counts");
                else if (action == 2) await CompareAsync();
                else
                {
                    var added = Enumerable.Range(0, (action % 4) + 1).Select(i => new Added($"s{(sku + i) % 5}", quantity)).ToArray();
                    await store.AppendAsync("cart-1", ExpectedVersion.Any, added);
                    foreach (var e in added) model[e.Sku] = (model.GetValueOrDefault(e.Sku).Quantity + e.Quantity, model.GetValueOrDefault(e.Sku).Events + 1);
                }
            }

            await CompareAsync();
            (await views.VerifyAsync("own-counts")).IsEqual.Should().BeTrue();
        }
        finally
        {
            await views.DisposeAsync();
        }

        EventViews Open() => new(store, [new OwnCounts()], new() { WriteEvery = writeEvery });

        async Task CompareAsync() =>
            (await views.ReadAsync("own-counts", "SELECT sku, quantity, events FROM counts ORDER BY sku", await store.GetHeadAsync())).Should().Equal(model.Select(row => $"{row.Key}|{row.Value.Quantity}|{row.Value.Events}"));
    }
}
