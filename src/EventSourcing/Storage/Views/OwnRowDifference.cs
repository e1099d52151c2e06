namespace EventSourcing.Storage;

/// <summary>A row of <see cref="OwnTables"/> that is not what a replay gives.</summary>
/// <param name="key">The table and the row's key as text.</param>
/// <param name="found">The row in the view as JSON; null where it is missing there.</param>
/// <param name="expected">The row of the replay as JSON; null where there must be none.</param>
/// <param name="position">The position of the last event that changed it; the start where that is not known.</param>
public sealed class OwnRowDifference(string key, string? found, string? expected, GlobalPosition position)
{
    /// <summary>The table and the row's key as text.</summary>
    public string Key { get; } = key;

    /// <summary>The row in the view as JSON; null where it is missing there.</summary>
    public string? Found { get; } = found;

    /// <summary>The row of the replay as JSON; null where there must be none.</summary>
    public string? Expected { get; } = expected;

    /// <summary>The position of the last event that changed it; the start where that is not known.</summary>
    public GlobalPosition Position { get; } = position;
}
