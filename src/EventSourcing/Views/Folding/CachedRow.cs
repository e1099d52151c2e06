namespace EventSourcing.Views.Folding;

/// <summary>A document in memory.</summary>
/// <param name="key">Its key.</param>
internal sealed class CachedRow<TRow>(string key) where TRow : class
{
    internal string Key { get; } = key;

    /// <summary>The document; null where there is none.</summary>
    internal TRow? Document { get; set; }

    /// <summary>The position of the last event that changed it.</summary>
    internal GlobalPosition Position { get; set; }

    /// <summary>The values of its indexes; empty where there is no document, or where it is written.</summary>
    internal ViewValue[] Values { get; set; } = [];

    internal bool IsUnwritten { get; set; }
}
