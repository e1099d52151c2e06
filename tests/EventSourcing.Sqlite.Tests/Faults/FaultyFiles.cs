using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace EventSourcing.Sqlite.Tests.Faults;

/// <summary>Lets reads, writes and fsyncs of chosen SQLite files fail: a VFS (sqlite.org/vfs.html) in front of the system's own, which passes on whatever is not to fail.</summary>
internal static unsafe class FaultyFiles
{
    internal const int IoErrorRead = 266, IoErrorSync = 1034, Full = 13;

    // Where sqlite3_vfs and sqlite3_io_methods hold what is replaced, on 64-bit systems.
    private const int VfsSize = 168, VfsName = 24, VfsOpen = 40;
    private const int MethodsSize = 160, MethodsRead = 16, MethodsWrite = 24, MethodsSync = 40;

    private static readonly ConcurrentDictionary<string, Fault> s_faults = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<nint, string> s_names = [];
    private static readonly ConcurrentDictionary<nint, nint> s_methods = [];
    private static readonly Lazy<byte> s_registered = new(Register);
    private static byte* s_system;
    private static delegate* unmanaged<byte*, byte*, nint, int, int*, int> s_open;
    private static delegate* unmanaged<nint, byte*, int, long, int> s_read, s_write;
    private static delegate* unmanaged<nint, int, int> s_sync;

    internal enum Operation
    {
        Read,
        Write,
        Sync,
    }

    /// <summary>Faults that are yet to happen to the files of a database.</summary>
    internal sealed class Fault(Operation operation, int code, int times)
    {
        private int _left = times;

        internal int Left => Volatile.Read(ref _left);

        internal int Next(Operation happening) => happening == operation && Left > 0 && Interlocked.Decrement(ref _left) >= 0 ? code : 0;
    }

    /// <summary>Must be called before the files are opened.</summary>
    internal static void Watch() => _ = s_registered.Value;

    /// <summary>Lets the next operations on a database and its write-ahead log fail.</summary>
    internal static Fault Fail(string path, Operation operation, int code, int times) => s_faults[path] = new(operation, code, times);

    internal static void Clear(string path) => s_faults.TryRemove(path, out _);

    private static byte Register()
    {
        Batteries_V2.Init();
        var library = NativeLibrary.Load(raw.GetNativeLibraryName(), typeof(raw).Assembly, null);
        s_system = ((delegate* unmanaged<byte*, byte*>)NativeLibrary.GetExport(library, "sqlite3_vfs_find"))(null);
        var vfs = (byte*)NativeMemory.Alloc(VfsSize);
        NativeMemory.Copy(s_system, vfs, VfsSize);
        s_open = *(delegate* unmanaged<byte*, byte*, nint, int, int*, int>*)(s_system + VfsOpen);
        *(nint*)(vfs + VfsName) = Marshal.StringToCoTaskMemUTF8("faulty");
        *(delegate* unmanaged<byte*, byte*, nint, int, int*, int>*)(vfs + VfsOpen) = &Open;
        ((delegate* unmanaged<byte*, int, int>)NativeLibrary.GetExport(library, "sqlite3_vfs_register"))(vfs, 1);
        return 1;
    }

    [UnmanagedCallersOnly]
    private static int Open(byte* vfs, byte* name, nint file, int flags, int* outFlags)
    {
        var code = s_open(s_system, name, file, flags, outFlags);
        if (code != 0 || name is null || *(nint*)file == 0) return code;
        s_names[file] = Marshal.PtrToStringUTF8((nint)name)!.Replace("-wal", "", StringComparison.Ordinal);
        *(nint*)file = s_methods.GetOrAdd(*(nint*)file, Wrap);
        return code;
    }

    private static nint Wrap(nint methods)
    {
        var copy = (byte*)NativeMemory.Alloc(MethodsSize);
        NativeMemory.Copy((void*)methods, copy, MethodsSize);
        s_read = *(delegate* unmanaged<nint, byte*, int, long, int>*)(copy + MethodsRead);
        s_write = *(delegate* unmanaged<nint, byte*, int, long, int>*)(copy + MethodsWrite);
        s_sync = *(delegate* unmanaged<nint, int, int>*)(copy + MethodsSync);
        *(delegate* unmanaged<nint, byte*, int, long, int>*)(copy + MethodsRead) = &Read;
        *(delegate* unmanaged<nint, byte*, int, long, int>*)(copy + MethodsWrite) = &Write;
        *(delegate* unmanaged<nint, int, int>*)(copy + MethodsSync) = &Sync;
        return (nint)copy;
    }

    [UnmanagedCallersOnly]
    private static int Read(nint file, byte* buffer, int count, long offset) => Next(file, Operation.Read) is not 0 and var code ? code : s_read(file, buffer, count, offset);

    [UnmanagedCallersOnly]
    private static int Write(nint file, byte* buffer, int count, long offset) => Next(file, Operation.Write) is not 0 and var code ? code : s_write(file, buffer, count, offset);

    [UnmanagedCallersOnly]
    private static int Sync(nint file, int flags) => Next(file, Operation.Sync) is not 0 and var code ? code : s_sync(file, flags);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Next(nint file, Operation operation) =>
        s_names.TryGetValue(file, out var name) && s_faults.TryGetValue(name, out var fault) ? fault.Next(operation) : 0;
}
