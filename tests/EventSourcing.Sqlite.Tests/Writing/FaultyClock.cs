namespace EventSourcing.Sqlite.Tests.Writing;

/// <summary>The system's clock, which can be made to throw.</summary>
internal sealed class FaultyClock : TimeProvider
{
    internal Action? OnNow { get; set; }

    internal Action? OnTimestamp { get; set; }

    public override DateTimeOffset GetUtcNow()
    {
        OnNow?.Invoke();
        return base.GetUtcNow();
    }

    public override long GetTimestamp()
    {
        OnTimestamp?.Invoke();
        return base.GetTimestamp();
    }
}
