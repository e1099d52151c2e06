namespace EventSourcing.Tracing;

/// <summary>An event that is being handled, in any form. Events appended meanwhile inherit from it.</summary>
internal interface IHandled
{
    /// <summary>The metadata that they inherit.</summary>
    EventMetadata Inherited { get; }
}
