namespace EventSourcing.Testing.Contract;

/// <summary>The system's clock with timers that fire early: leases are renewed and handed over quickly, and none expires on a slow machine.</summary>
internal sealed class EarlyClock(int factor) : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Early(dueTime), Early(period));

    private TimeSpan Early(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / factor;
}
