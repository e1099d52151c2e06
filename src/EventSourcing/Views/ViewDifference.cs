namespace EventSourcing;

/// <summary>A document of a view that is not what a replay of the log gives.</summary>
public sealed record ViewDifference
{
    /// <summary>Compares one document.</summary>
    /// <param name="projection">The projection.</param>
    /// <param name="key">The document's key.</param>
    /// <param name="found">The document in the view as JSON; null where it is missing there.</param>
    /// <param name="expected">The document of the replay as JSON; null where there must be none.</param>
    /// <param name="position">The position of the last event that changed the document in the replay; where there must be none, in the view.</param>
    public ViewDifference(string projection, string key, string? found, string? expected, GlobalPosition position) => (Projection, Key, Found, Expected, Position) = (projection, key, found, expected, position);

    /// <summary>The projection.</summary>
    public string Projection { get; init; }

    /// <summary>The document's key.</summary>
    public string Key { get; init; }

    /// <summary>The document in the view as JSON; null where it is missing there.</summary>
    public string? Found { get; init; }

    /// <summary>The document of the replay as JSON; null where there must be none.</summary>
    public string? Expected { get; init; }

    /// <summary>The position of the last event that changed the document in the replay; where there must be none, in the view.</summary>
    public GlobalPosition Position { get; init; }

    /// <summary>Projection, key, position and both documents.</summary>
    public override string ToString() => $"{Projection} '{Key}', last changed at position {Position}: the view has {Found ?? "no document"}, a replay gives {Expected ?? "none"}";
}
