using EventSourcing.Storage;

namespace EventSourcing.Following;

/// <summary>Decodes a stored event; false where the event is left out. Called by several threads.</summary>
/// <exception cref="EventSerializationException">The event cannot be read.</exception>
internal delegate bool EventDecoder<T>(in RecordedEvent e, out T decoded);
