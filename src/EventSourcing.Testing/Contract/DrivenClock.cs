namespace EventSourcing.Testing.Contract;

/// <summary>A clock that cases set. It has ticks below the microsecond, so that lost precision is detected.</summary>
internal sealed class DrivenClock : TimeProvider
{
    private long _ticks = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero).Ticks + 1_234_567;

    internal DateTimeOffset Now => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;

    internal void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
}
