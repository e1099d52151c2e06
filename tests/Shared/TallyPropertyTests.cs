using CsCheck;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Random histories, restarts, rebuilds and small caches: every tally equals sums by hand.</summary>
public abstract class TallyPropertyTests
{
    private static readonly string?[] s_countries = [null, "", "DE", "a|b", "N"];

    private static readonly Gen<Line> s_line = Gen.Select(Gen.Int[0, 3], Gen.Long[-2, 5], Gen.Int[-999, 999], Gen.Int[0, 4], (sku, quantity, digits, scale) =>
        new Line($"s{sku}", quantity, new decimal(Math.Abs(digits), 0, 0, digits < 0, (byte)scale)));

    private static readonly Gen<object> s_event = Gen.Frequency<object>(
        (3, Gen.Select(Gen.Int[0, 4], s_line.Array[0, 4], object (country, lines) => new Sold(s_countries[country], lines))),
        (1, Gen.Select(Gen.Int[0, 4], s_line, object (country, line) => new Returned(s_countries[country], line.Sku, line.Quantity, line.Price))));

    // An event, or a number: 0 a restart, 1 a rebuild, 2 a comparison.
    private static readonly Gen<object[]> s_history = Gen.Frequency((8, s_event), (1, Gen.Int[0, 2].Select(object (action) => action))).Array[1, 50];

    protected abstract IEventLog OpenLog();

    protected virtual int Histories => 100;

    protected virtual void CloseLog()
    {
    }

    [Test]
    public void Tally_equals_sums_by_hand() => Gen.Select(s_history, Gen.Int[1, 7], Gen.Bool).Sample((history, writeEvery, isSmall) => RunAsync(history, writeEvery, isSmall).GetAwaiter().GetResult(), iter: Histories, threads: 1);

    private async Task RunAsync(object[] history, int writeEvery, bool isSmall)
    {
        await using var store = new EventStore(OpenLog(), TallyShop.Types);
        var views = Open();
        var events = new List<object>();
        try
        {
            await views.StartAsync();
            foreach (var step in history)
            {
                if (step is 0)
                {
                    await views.DisposeAsync();
                    views = Open();
                    await views.StartAsync();
                }
                else if (step is 1) await views.RebuildAsync("sales-by-sku");
                else if (step is 2) await CompareAsync(views, events, await store.GetHeadAsync());
                else
                {
                    events.Add(step);
                    await store.AppendAsync("shop-1", ExpectedVersion.Any, [step]);
                }
            }

            await views.CatchUpAsync();
            await CompareAsync(views, events, await store.GetHeadAsync());
            (await views.VerifyAsync("sales-by-sku")).Difference.Should().BeNull();
            await ComparePartAsync(views, events, after: history.Length % (events.Count + 1), through: events.Count - (writeEvery % 3));
        }
        finally
        {
            await views.DisposeAsync();
            await store.DisposeAsync();
            CloseLog();
        }

        EventViews Open() => new(store, [new SalesBySku()], new() { WriteEvery = writeEvery, MaxCacheBytes = isSmall ? 1 << 20 : 64 << 20 });
    }

    private static async Task CompareAsync(EventViews views, List<object> events, GlobalPosition head)
    {
        var found = new List<string>();
        await foreach (var row in views.View<TallyRow>().At(head).All.ReadAsync())
        {
            found.Add(row.ToString());
            (await views.View<TallyRow>().FindAsync(Tally.KeyOf(row.Key("country"), row.Key("sku"))))!.ToString().Should().Be(row.ToString());
        }

        found.Should().BeEquivalentTo(ByHand(events));
    }

    private static async Task ComparePartAsync(EventViews views, List<object> events, int after, int through)
    {
        if (through < after) return;
        var part = await views.TallyAsync("sales-by-sku", new() { AfterPosition = GlobalPosition.FromInt64(after), ThroughPosition = GlobalPosition.FromInt64(through) });
        part.Select(row => row.ToString()).Should().BeEquivalentTo(ByHand(events[after..through]));
        var before = await RowsAsync(after);
        var changed = part.ToDictionary(KeyOf);
        foreach (var (key, row) in await RowsAsync(through))
            foreach (var figure in (string[])["lines", "quantity", "net", "returns"])
                (row[figure] - (before.GetValueOrDefault(key)?[figure] ?? 0)).Should().Be(changed.GetValueOrDefault(key)?[figure] ?? 0);

        static string KeyOf(TallyRow row) => Tally.KeyOf(row.Key("country"), row.Key("sku"));

        async Task<Dictionary<string, TallyRow>> RowsAsync(int end) => (await views.TallyAsync("sales-by-sku", new() { ThroughPosition = GlobalPosition.FromInt64(end) })).ToDictionary(KeyOf);
    }

    private static IEnumerable<string> ByHand(List<object> events)
    {
        var sold = events.OfType<Sold>().SelectMany(e => e.Lines.Select(line => (e.Country, line.Sku, line.Quantity, line.Price, IsSold: true)));
        var returned = events.OfType<Returned>().Where(e => e.Quantity > 0).Select(e => (e.Country, e.Sku, e.Quantity, e.Price, IsSold: false));
        foreach (var rows in sold.Concat(returned).GroupBy(x => (x.Country, x.Sku)))
        {
            var lines = rows.Where(x => x.IsSold).ToList();
            var signed = rows.Select(x => (Quantity: x.IsSold ? x.Quantity : -x.Quantity, x.Price)).ToList();
            yield return FormattableString.Invariant(
                $"country {rows.Key.Country ?? "null"}, sku {rows.Key.Sku}: lines {lines.Count}, quantity {signed.Sum(x => x.Quantity)}, net {Short(signed.Sum(x => x.Quantity * x.Price))}, lowest {(lines.Count == 0 ? "" : Short(lines.Min(x => x.Price)))}, largest {(lines.Count == 0 ? "" : lines.Max(x => x.Quantity))}, returns {rows.Count(x => !x.IsSold)}");
        }
    }

    private static string Short(decimal value)
    {
        var text = FormattableString.Invariant($"{value:0.############################}");
        return text == "-0" ? "0" : text;
    }
}
