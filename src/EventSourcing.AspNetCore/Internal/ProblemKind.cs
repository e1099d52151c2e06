namespace EventSourcing.AspNetCore.Internal;

/// <summary>How the exceptions of one type are answered.</summary>
/// <param name="Name">The last part of the problem's type URI.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Title">The title, the same for every occurrence.</param>
/// <param name="Action">What the client may do; null where it can do nothing.</param>
internal sealed record ProblemKind(string Name, int Status, string Title, string? Action = null)
{
    private const string TypePrefix = "urn:event-sourcing:";

    internal string TypeUri => TypePrefix + Name;
}
