namespace Orders.Commands;

/// <summary>The arguments say nothing that the program can do.</summary>
public sealed class UsageException(string message) : Exception(message);
