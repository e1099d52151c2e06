namespace Orders.Domain;

/// <summary>A command that the rules of the shop do not allow. Nothing was stored.</summary>
public sealed class RefusedException(string message) : Exception(message);
