using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Views;

/// <summary>What a view writes into the log: its lease and the record of its serving build, whatever the number of events.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WriteLockTests
{
    [TestCase(100)]
    [TestCase(20_000)]
    public async Task Catch_up_takes_the_logs_write_lock_for_leases_and_records_only(int events)
    {
        var log = new KindCountingLog(new InMemoryEventLog());
        await using var store = new EventStore(log, ViewShop.Types);
        await using var views = new EventViews(store, [new ItemCounts()], new() { WriteEvery = 100 });
        await views.StartAsync();
        await views.WaitForPositionAsync("item-counts", GlobalPosition.Start);
        for (var i = 0; i < events; i += 100) await store.AppendAsync("cart-1", ExpectedVersion.Any, Enumerable.Range(0, 100).Select(k => new Added($"sku-{k}", 1)));
        await views.WaitForPositionAsync("item-counts", GlobalPosition.FromInt64(events));
        (await views.View<Counted>().FindAsync("sku-7"))!.Count.Should().Be(events / 100);
        log.Others.Should().Be(0);
        log.Views.Should().BeLessThanOrEqualTo(6, "the log's id, the declaration, the build's number and its service");
        log.Leases.Should().BeLessThanOrEqualTo(8, "two leases are acquired and one is given back; renewals come with time");
    }

    private sealed class KindCountingLog(IEventLog inner) : DelegatingLog(inner)
    {
        private int _leases, _views, _others;

        internal int Leases => _leases;

        internal int Views => _views;

        internal int Others => _others;

        public override ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken)
        {
            if (write.Appends.Count == 0 && write.Changes.All(change => change.Kind == RecordKind.Lease)) Interlocked.Increment(ref _leases);
            else if (write.Appends.Count == 0 && write.Changes.All(change => change.Kind == RecordKind.View)) Interlocked.Increment(ref _views);
            else Interlocked.Increment(ref _others);
            return base.WriteAsync(write, cancellationToken);
        }
    }
}
