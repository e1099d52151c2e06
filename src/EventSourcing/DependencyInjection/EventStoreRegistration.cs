using System.ComponentModel;

namespace EventSourcing.Storage;

/// <summary>One store of a container, registered as a service for each call of <c>AddEventSourcing</c> with another key. For packages that do something for every store, as hosting does.</summary>
[EditorBrowsable(EditorBrowsableState.Advanced)]
public sealed class EventStoreRegistration
{
    internal EventStoreRegistration(string? key) => Key = key;

    /// <summary>The store's key; null for the store without a key.</summary>
    public string? Key { get; }

    /// <summary>True when the store has views: <see cref="EventViews"/> is a service of the same key. Complete once all registrations are made.</summary>
    public bool HasViews { get; internal set; }
}
