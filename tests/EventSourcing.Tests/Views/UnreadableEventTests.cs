using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Views;

[Parallelizable(ParallelScope.All)]
public sealed class UnreadableEventTests
{
    private static readonly EventTypeMap s_lenient =
        EventTypeMap.Create(new TallyShopJson(new JsonSerializerOptions { NumberHandling = JsonNumberHandling.AllowReadingFromString }), map => map.Add<Sold>("sold").Add<Returned>("returned"));

    [TestCase(0)]
    [TestCase(3)]
    [TestCase(500)]
    public async Task Event_that_cannot_be_read_ends_a_build_before_it_and_is_not_skipped_later(int before)
    {
        var log = new InMemoryEventLog();
        await using var store = new EventStore(log, TallyShop.Types);
        // So many rows that they are written before the build fails.
        for (var i = 0; i < before; i++) await store.AppendAsync("shop-1", ExpectedVersion.Any, [new Sold("DE", [.. Enumerable.Range(8 * i, 8).Select(sku => new Line($"{sku}", 1, 1m))])]);
        var bad = (await log.AppendAsync(new LogAppend
        {
            Writes = new[] { new StreamWrite("shop-1", ExpectedVersion.Any, new[] { new LogEvent { Type = "sold", IsJson = true, Data = """{"Country":"DE","Lines":[{"Sku":"bad","Quantity":"7","Price":1}]}"""u8.ToArray() } }) },
        }, CancellationToken.None)).LastPosition;
        for (var i = 0; i < 1500; i++) await store.AppendAsync("shop-1", ExpectedVersion.Any, [new Sold("FR", [new("a", 1, 1m)])]);
        await using (var views = new EventViews(store, [new SalesBySku()], new() { MaxCacheBytes = 1 << 20 }))
        {
            Exception? error = (await ((Func<Task>)(() => views.CatchUpAsync())).Should().ThrowAsync<SubscriptionException>()).Which;
            while (error is not (null or EventSerializationException)) error = error.InnerException;
            error.Should().BeOfType<EventSerializationException>().Which.Position.Should().Be(bad);
        }

        await using var mended = new EventStore(log, s_lenient);
        await using var again = new EventViews(mended, [new SalesBySku()], new() { MaxCacheBytes = 1 << 20 });
        await again.CatchUpAsync();
        (await again.View<TallyRow>().FindAsync("DE|bad"))!.WholeNumber("quantity").Should().Be(7);
        (await again.View<TallyRow>().FindAsync("FR|a"))!.WholeNumber("quantity").Should().Be(1500);
        (await again.VerifyAsync("sales-by-sku")).IsEqual.Should().BeTrue();
    }
}
