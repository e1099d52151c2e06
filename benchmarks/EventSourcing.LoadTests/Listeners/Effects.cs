using System.Runtime.InteropServices;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests.Listeners;

/// <summary>What a listener did: for each stream a number that says which of its events were handled and in which order.</summary>
internal sealed class Effects
{
    private readonly Dictionary<StreamId, ulong> _streams = [];

    public ValueTask HandleAsync(in RecordedEvent e)
    {
        ref var effect = ref CollectionsMarshal.GetValueRefOrAddDefault(_streams, e.StreamId, out _);
        effect = (effect * 31) + (ulong)e.Position.ToInt64();
        return default;
    }

    public bool Equals(Effects other) => _streams.Count == other._streams.Count && _streams.All(s => other._streams.TryGetValue(s.Key, out var effect) && effect == s.Value);
}
