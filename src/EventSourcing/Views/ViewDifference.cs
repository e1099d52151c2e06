namespace EventSourcing;

/// <summary>A document of a view that is not what a replay of the log gives.</summary>
/// <param name="Projection">The projection.</param>
/// <param name="Key">The document's key.</param>
/// <param name="Found">The document in the view as JSON; null where it is missing there.</param>
/// <param name="Expected">The document of the replay as JSON; null where there must be none.</param>
/// <param name="Position">The position of the last event that changed the document in the replay; where there must be none, in the view.</param>
public sealed record ViewDifference(string Projection, string Key, string? Found, string? Expected, GlobalPosition Position)
{
    /// <summary>Projection, key, position and both documents.</summary>
    public override string ToString() => $"{Projection} '{Key}', last changed at position {Position}: the view has {Found ?? "no document"}, a replay gives {Expected ?? "none"}";
}
