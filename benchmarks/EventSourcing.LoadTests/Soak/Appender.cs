namespace EventSourcing.LoadTests.Soak;

/// <summary>Appends and awaits the answer; now and then reads its last event back.</summary>
internal sealed class Appender(int number, SoakedLog log) : Actor($"appender {number}", "appends", log)
{
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        var stream = SoakEvents.AnyStream();
        var events = Log.Make(OneIn(10) ? 10 : 1, Name);
        var result = await Store.AppendAsync(stream, ExpectedVersion.Any, events, CancellationToken.None);
        Log.Acknowledge(events, result);
        Did();
        if (!OneIn(100)) return;
        await foreach (var e in Store.ReadStreamAsync(stream, new() { AfterVersion = result.Version - 1, ThroughVersion = result.Version }, CancellationToken.None))
        {
            Expect(e.Data is Noted noted && noted == events[^1], $"reads {e} at {e.Position}, where {events[^1]} was acknowledged");
            return;
        }

        Fault($"does not find {stream}@{result.Version}, which was acknowledged");
    }
}
