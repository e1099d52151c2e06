using CsCheck;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Random histories, written by appends with and without the view: inline, async and live views have the same documents, with positions and timestamps.</summary>
public abstract class ViewModePropertyTests
{
    private static readonly Gen<(int Stream, int Quantity, bool IsForeign, int Next)[]> s_history = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4], Gen.Bool, Gen.Int[0, 20]).Array[1, 50];

    protected abstract IEventLog OpenLog();

    protected virtual int Histories => 100;

    /// <summary>Opens the log once more, as another process does; the log itself where it has one process only.</summary>
    protected virtual IEventLog OpenAnother(IEventLog log) => log;

    protected virtual void CloseLog()
    {
    }

    [Test]
    public void Modes_agree() => s_history.Sample(history => RunAsync(history).GetAwaiter().GetResult(), iter: Histories, threads: 1);

    private async Task RunAsync((int Stream, int Quantity, bool IsForeign, int Next)[] history)
    {
        var log = OpenLog();
        var store = new EventStore(log, ViewShop.Types);
        var foreign = OpenAnother(log);
        var other = ReferenceEquals(foreign, log) ? store : new EventStore(foreign, ViewShop.Types);
        var inline = Open(store, ViewMode.Inline);
        var live = Open(store, ViewMode.Live);
        try
        {
            await inline.StartAsync();
            foreach (var (stream, quantity, isForeign, next) in history)
            {
                object[] events = [.. Enumerable.Range(0, quantity).Select(i => new Added("a", i)), .. next == 7 && !isForeign ? new object[] { new Added("a", -1) } : []];
                if (events.Length == 0) continue;
                try
                {
                    await (isForeign ? other : store).AppendAsync($"cart-{stream}", ExpectedVersion.Any, events);
                }
                catch (ViewException)
                {
                    (next == 7).Should().BeTrue();
                }

                if (!isForeign) (await inline.GetStatusAsync())[0].Lag.Should().Be(0);
                if (next == 1) await inline.RebuildAsync("stamped");
                if (next == 2)
                {
                    await inline.DisposeAsync();
                    inline = Open(store, ViewMode.Inline);
                    await inline.StartAsync();
                }
            }

            await inline.CatchUpAsync();
            await using var asynchronous = Open(store, ViewMode.Async, "2");
            await asynchronous.CatchUpAsync();
            for (var stream = 0; stream < 4; stream++)
            {
                var key = $"{stream}";
                var expected = await asynchronous.View<Stamp>().FindAsync(key);
                (await inline.View<Stamp>().FindAsync(key)).Should().Be(expected);
                (await live.View<Stamp>().FindAsync(key)).Should().Be(expected);
            }

            (await inline.VerifyAsync("stamped")).Difference.Should().BeNull();
        }
        finally
        {
            await inline.DisposeAsync();
            await live.DisposeAsync();
            if (!ReferenceEquals(other, store)) await other.DisposeAsync();
            await store.DisposeAsync();
            CloseLog();
        }
    }

    private static EventViews Open(EventStore store, ViewMode mode, string suffix = "") => new(store, [new ViewSet($"stamped{suffix}", 1, new Stamped()) { Mode = mode }]);

    private sealed class Stamped : Projection<Stamp>
    {
        internal Stamped() : base("stamped", 1, StampJson.Default.Stamp)
        {
            KeyIsStream("cart");
            On<Added>((row, e, envelope) => e.Quantity switch
            {
                < 0 => throw new InvalidOperationException("refused"),
                3 => null,
                _ => new((row?.Count ?? 0) + 1, envelope.Position.ToInt64(), envelope.Version, envelope.Timestamp, envelope.EventId),
            });
        }
    }
}

internal sealed record Stamp(long Count, long Position, long Version, DateTimeOffset Timestamp, Guid EventId);

[System.Text.Json.Serialization.JsonSerializable(typeof(Stamp))]
internal sealed partial class StampJson : System.Text.Json.Serialization.JsonSerializerContext;
