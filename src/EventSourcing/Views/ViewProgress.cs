namespace EventSourcing;

/// <summary>How far a build or a verification of a view is.</summary>
/// <param name="Position">The last position that is handled.</param>
/// <param name="Head">The position of the log's last event, as last seen.</param>
/// <param name="Rate">Positions per second since the beginning of the work in this process.</param>
/// <param name="TimeLeft">An estimate from <paramref name="Rate"/>; null before there is one.</param>
public sealed record ViewProgress(GlobalPosition Position, GlobalPosition Head, double Rate, TimeSpan? TimeLeft);
