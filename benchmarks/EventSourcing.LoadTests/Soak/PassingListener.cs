namespace EventSourcing.LoadTests.Soak;

/// <summary>Listens for a moment and goes again; some are slow and have room for one event.</summary>
internal sealed class PassingListener(int number, EventBus bus, SoakedLog log) : Actor($"listener {number}", "heard", log)
{
    private static readonly OverflowPolicy[] s_whenFull = Enum.GetValues<OverflowPolicy>();

    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        var whenFull = s_whenFull[Random.Shared.Next(s_whenFull.Length)];
        var (isSlow, capacity) = (OneIn(2), OneIn(2) ? 1 : 1024);
        var from = OneIn(2) ? StartFrom.End : StartFrom.After(await SomewhatBackAsync());
        var last = 0L;
        var listener = await bus.SubscribeLiveAsync(EventFilter.All, async (e, token) =>
        {
            var position = e.Position.ToInt64();
            var isNext = whenFull == OverflowPolicy.DropOldest ? position > last : last == 0 || position == last + 1;
            if (!isNext) Fault($"hears {position} after {last}, {whenFull}, capacity {capacity}");
            last = position;
            Did();
            if (isSlow) await Task.Delay(2, token);
        }, new() { From = from, OnOverflow = whenFull, Capacity = capacity }, CancellationToken.None);
        try
        {
            await RestAsync(10, 2000, stop);
        }
        finally
        {
            // By two at once.
            var first = Task.Run(() => listener.DisposeAsync().AsTask(), CancellationToken.None);
            await listener.DisposeAsync();
            await first;
        }

        Expect(listener.Failures == 0, $"has failed {listener.Failures} times: {listener.LastError}");
        Expect(!listener.IsFaulted || whenFull == OverflowPolicy.Fail, $"is faulted, {whenFull}: {listener.LastError}");
    }

    private async ValueTask<GlobalPosition> SomewhatBackAsync() =>
        GlobalPosition.FromInt64(Math.Max(0, (await Store.GetHeadAsync(CancellationToken.None)).ToInt64() - 1500));
}
