namespace EventSourcing.LoadTests.Soak;

/// <summary>Reads the whole log from its beginning, again and again.</summary>
internal sealed class WholeLogReader(SoakedLog log) : Actor("reader of the whole log", "events read", log)
{
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        var head = await Store.GetHeadAsync(CancellationToken.None);
        var last = 0L;
        await foreach (var e in Store.ReadAllAsync(cancellationToken: CancellationToken.None))
        {
            if (e.Position.ToInt64() != ++last)
            {
                Fault($"reads position {e.Position} in place of {last}");
                return;
            }

            Did();
            if (stop.IsCancellationRequested) return;
        }

        Expect(last >= head.ToInt64(), $"reads {last} events, where the head was {head} before");
        await RestAsync(200, 1000, stop);
    }
}
