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
    /// <exception cref="InvalidDataException">The file is a pipe, which cannot be read twice.</exception>
    public static SalesFile Open(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 128 * 1024, FileOptions.SequentialScan);
        if (file.CanSeek) return new(file);
        file.Dispose();
        throw new InvalidDataException($"{path} is read twice and must be a file, not a pipe");
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

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
