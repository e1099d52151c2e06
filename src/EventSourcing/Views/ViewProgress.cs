namespace EventSourcing;

/// <summary>How far a build or a verification of a view, or a replay, is.</summary>
public sealed record ViewProgress
{
    /// <summary>Reports how far the work is.</summary>
    /// <param name="position">The last position that is handled.</param>
    /// <param name="head">The position of the log's last event, as last seen.</param>
    /// <param name="rate">Positions per second since the beginning of the work in this process.</param>
    /// <param name="timeLeft">An estimate from <paramref name="rate"/>; null before there is one.</param>
    public ViewProgress(GlobalPosition position, GlobalPosition head, double rate, TimeSpan? timeLeft) => (Position, Head, Rate, TimeLeft) = (position, head, rate, timeLeft);

    /// <summary>The last position that is handled.</summary>
    public GlobalPosition Position { get; init; }

    /// <summary>The position of the log's last event, as last seen; of a replay, the end of its range.</summary>
    public GlobalPosition Head { get; init; }

    /// <summary>Positions per second since the beginning of the work in this process.</summary>
    public double Rate { get; init; }

    /// <summary>An estimate from <see cref="Rate"/>; null before there is one.</summary>
    public TimeSpan? TimeLeft { get; init; }
}
