namespace EventSourcing.Views.Building;

/// <summary>Reports the progress of a build, at most ten times a second.</summary>
internal sealed class ProgressMeter(IProgress<ViewProgress>? progress, TimeProvider time, GlobalPosition from)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private readonly long _begun = time.GetTimestamp();
    private long _reported = time.GetTimestamp();

    internal void Report(GlobalPosition position, GlobalPosition head, bool isEnd)
    {
        if (progress is null || (!isEnd && time.GetElapsedTime(_reported) < s_interval)) return;
        _reported = time.GetTimestamp();
        var seconds = time.GetElapsedTime(_begun).TotalSeconds;
        var rate = seconds > 0 ? (position.ToInt64() - from.ToInt64()) / seconds : 0;
        TimeSpan? left = rate > 0 ? TimeSpan.FromSeconds(Math.Min((head.ToInt64() - position.ToInt64()) / rate, TimeSpan.FromDays(365).TotalSeconds)) : null;
        progress.Report(new(position, head, rate, left));
    }
}
