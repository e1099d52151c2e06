namespace EventSourcing.Sqlite.Files;

/// <summary>Translates errors of the file system outside SQLite into the library's exceptions.</summary>
internal static class FileErrors
{
    // ENOSPC and EDQUOT of Linux, ERROR_DISK_FULL of Windows: what IOException.HResult has there.
    private const int NoSpace = 28, NoQuota = 122, DiskFull = unchecked((int)0x80070070);

    // EROFS of Unix, ERROR_WRITE_PROTECT of Windows.
    private const int ReadOnly = 30, WriteProtected = unchecked((int)0x80070013);

    // EINTR, EIO, EAGAIN, EBUSY, ENFILE and EMFILE of Linux; ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION of Windows: these can pass by themselves.
    private const int Interrupted = 4, DeviceError = 5, TryAgain = 11, DeviceBusy = 16, SystemFilesUsedUp = 23, OpenFilesUsedUp = 24;
    private const int SharingViolation = unchecked((int)0x80070020), LockViolation = unchecked((int)0x80070021);

    /// <summary>Does work on files, and translates the errors of the file system.</summary>
    /// <param name="what">What is not done when it fails, with the path.</param>
    /// <param name="work">The work.</param>
    internal static void Translating(string what, Action work)
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Translate(e, what);
        }
    }

    /// <param name="e">What was thrown.</param>
    /// <param name="what">What was not done, with the path.</param>
    internal static EventSourcingException Translate(Exception e, string what) => e switch
    {
        UnauthorizedAccessException or IOException { HResult: ReadOnly or WriteProtected } => new StoreReadOnlyException($"{what}: {e.Message}", e),
        IOException { HResult: NoSpace or NoQuota or DiskFull } => new StoreFullException($"{what}: {e.Message}", e),
        // A file that was there just before was removed: another call creates its own.
        FileNotFoundException => new StoreUnavailableException($"{what}: {e.Message}", e),
        IOException { HResult: Interrupted or DeviceError or TryAgain or DeviceBusy or SystemFilesUsedUp or OpenFilesUsedUp or SharingViolation or LockViolation } => new StoreUnavailableException($"{what}: {e.Message}", e),
        _ => new StoreConfigurationException($"{what}: {e.Message}", e),
    };
}
