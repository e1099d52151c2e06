using EventSourcing.Storage;

namespace EventSourcing.LoadTests.Soak;

/// <summary>Reads one stream after another, forward and backward.</summary>
internal sealed class OneStreamReader(int number, SoakedLog log) : Actor($"stream reader {number}", "events read", log)
{
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        var stream = SoakEvents.AnyStream();
        var isForward = OneIn(2);
        var state = await Store.GetStreamInfoAsync(stream, CancellationToken.None);
        var (expected, count) = (isForward ? 1 : state.Version, 0L);
        var sequence = Store.ReadStreamAsync(stream, new() { Direction = isForward ? ReadDirection.Forward : ReadDirection.Backward, ThroughVersion = isForward ? null : state.Version }, CancellationToken.None);
        await foreach (var e in sequence)
        {
            if (e.Version != expected || e.StreamId != stream)
            {
                Fault($"reads {e} in place of {stream}@{expected}");
                return;
            }

            expected += isForward ? 1 : -1;
            count++;
        }

        Expect(count >= state.Version, $"reads {count} events of {stream}, which had {state.Version} before");
        // A stream without events counts as well: what is asked for is that the reader goes on.
        Did(Math.Max(1, count));
        await RestAsync(1, 10, stop);
    }
}
