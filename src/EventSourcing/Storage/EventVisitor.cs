namespace EventSourcing.Storage;

/// <summary>Looks at an event where the log found it.</summary>
/// <param name="e">The event; its data and metadata are valid during the call only.</param>
/// <returns>False to see no more.</returns>
public delegate bool EventVisitor(in RecordedEvent e);
