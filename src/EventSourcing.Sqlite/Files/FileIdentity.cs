namespace EventSourcing.Sqlite.Files;

/// <summary>What the operating system knows a file by, whatever its name: device and inode.</summary>
internal readonly record struct FileIdentity(ulong Device, ulong Inode);
