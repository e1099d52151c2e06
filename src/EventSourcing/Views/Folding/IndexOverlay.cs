namespace EventSourcing.Views.Folding;

/// <summary>The keys of the documents that are not written yet, by their values of one index.</summary>
internal sealed class IndexOverlay
{
    private readonly Dictionary<ViewValue, HashSet<string>> _keys = [];

    internal IReadOnlyCollection<string> KeysOf(ViewValue value) => _keys.TryGetValue(value, out var keys) ? keys : [];

    internal void Add(ViewValue value, string key)
    {
        if (!_keys.TryGetValue(value, out var keys)) _keys.Add(value, keys = new(StringComparer.Ordinal));
        keys.Add(key);
    }

    internal void Remove(ViewValue value, string key)
    {
        if (_keys.TryGetValue(value, out var keys) && keys.Remove(key) && keys.Count == 0) _keys.Remove(value);
    }
}
