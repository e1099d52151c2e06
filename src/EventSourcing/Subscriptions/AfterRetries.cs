namespace EventSourcing;

/// <summary>What a subscription does with an event whose retries are used up.</summary>
public enum AfterRetries
{
    /// <summary>The subscription pauses before the event, until it is resumed or reset.</summary>
    Pause,

    /// <summary>The event is parked, and with it every later event of the same partition key, until they are retried or discarded. Events of other keys are delivered.</summary>
    /// <remarks>Parked events are stored with the next checkpoint, at the latest one second later once the handler that runs has returned. If the process ends before that, the event is delivered again.</remarks>
    Park,
}
