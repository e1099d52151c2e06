using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Orders.Importing;

/// <summary>A file of sales, plain or gzip by its first two bytes; may be read several times.</summary>
public sealed class SalesFile : IDisposable
{
    private readonly FileStream _file;
    private readonly bool _isGzip;

    private SalesFile(FileStream file)
    {
        _file = file;
        // RFC 1952 section 2.3.1: a gzip file begins with 1F 8B.
        _isGzip = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
    }

    /// <summary>Opens a file.</summary>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="InvalidDataException">The file is a pipe, which cannot be read twice, or its compression is damaged.</exception>
    public static SalesFile Open(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 128 * 1024, FileOptions.SequentialScan);
        try
        {
            if (!stream.CanSeek) throw new InvalidDataException($"{path} is read twice and must be a file, not a pipe");
            var file = new SalesFile(stream);
            if (file._isGzip) file.ThrowIfCutShort();
            return file;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Every line in the file's order, malformed ones with their problem.</summary>
    /// <exception cref="InvalidDataException">The file has no header of the known columns, or its compression is damaged.</exception>
    public IEnumerable<(CsvRecord Record, SaleLine? Line, string? Problem)> Read()
    {
        _file.Position = 0;
        using Stream? unzipped = _isGzip ? new GZipStream(_file, CompressionMode.Decompress, leaveOpen: true) : null;
        using var text = new StreamReader(unzipped ?? _file, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: true, 64 * 1024, leaveOpen: true);
        var csv = new CsvReader(text, SaleLine.Columns.Count);
        if (!csv.TryRead(out var header) || header.Problem is not null || !header.Fields.SequenceEqual(SaleLine.Columns))
            throw new InvalidDataException($"{_file.Name} does not begin with the header {string.Join(',', SaleLine.Columns)}");
        while (csv.TryRead(out var record))
        {
            var problem = SaleLine.TryParse(record, out var line);
            yield return (record, line, problem);
        }
    }

    // GZipStream takes a file that ends early for a shorter one, but the last four bytes of a file that is whole say how much
    // its last member holds (RFC 1952 section 2.3.1, ISIZE). Less than that, and something is missing.
    private void ThrowIfCutShort()
    {
        var length = 0L;
        Span<byte> buffer = new byte[128 * 1024];
        _file.Position = 0;
        using (var unzipped = new GZipStream(_file, CompressionMode.Decompress, leaveOpen: true))
            for (int read; (read = unzipped.Read(buffer)) > 0;) length += read;
        _file.Seek(-Math.Min(4, _file.Length), SeekOrigin.End);
        if (_file.ReadAtLeast(buffer[..4], 4, throwOnEndOfStream: false) < 4 || length < BinaryPrimitives.ReadUInt32LittleEndian(buffer))
            throw new InvalidDataException($"{_file.Name} is cut short: its compressed data ends early");
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
