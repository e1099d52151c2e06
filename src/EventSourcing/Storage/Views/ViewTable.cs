namespace EventSourcing.Storage;

/// <summary>What a build stores for one projection: documents by key, with values by which they are found.</summary>
/// <param name="Name">The projection's name: 1 to 100 lower-case ASCII letters, digits and dashes.</param>
/// <param name="Indexes">The names of the indexes, in order of declaration.</param>
public sealed record ViewTable(string Name, IReadOnlyList<string> Indexes);
