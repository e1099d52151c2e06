namespace EventSourcing.AspNetCore;

/// <summary>Settings of problem details.</summary>
public sealed class EventSourcingProblemOptions
{
    /// <summary>Whether the answer to an error of the server (500 and above) has the exception's text and values too. They may name files, streams and positions. Default false: the log has them.</summary>
    public bool IncludeServerErrors { get; set; }
}
