namespace EventSourcing.LoadTests.Measuring;

/// <summary>What is appended: the same for our log, the floor and the C limit.</summary>
/// <param name="Events">How many events in all.</param>
/// <param name="PerCommit">How many in one transaction, and so in one append of ours.</param>
/// <param name="Streams">How many streams; the events go round over them.</param>
/// <param name="PerStream">How many consecutive events go to one stream before the next.</param>
/// <param name="GuidNames">Stream names of 42 bytes that scatter over an index, instead of 13 that follow each other.</param>
internal sealed record Load(int Events, int PerCommit, int Streams = 1000, int PerStream = 1, bool GuidNames = false);
