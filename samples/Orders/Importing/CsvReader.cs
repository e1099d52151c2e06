using System.Text;

namespace Orders.Importing;

/// <summary>Reads comma-separated values as RFC 4180 section 2 has them: fields in quotes may hold commas, line breaks and doubled quotes.</summary>
/// <remarks>
/// Stricter than most readers, so that damage is seen: a quote inside a field without quotes, text after a closing quote and a
/// record with another number of fields are problems. A problem costs one line: a quote that is never closed must not swallow
/// the rest of the file, so reading continues at the line after the one where the record began. Empty lines hold no record.
/// </remarks>
public sealed class CsvReader(TextReader reader, int fieldCount)
{
    /// <summary>The most characters of a record; a longer one is malformed. It bounds the memory that a damaged file can take.</summary>
    public const int MaxLength = 64 * 1024;

    private readonly LineReader _lines = new(reader, MaxLength);
    private readonly List<LineReader.Line> _more = [];
    private readonly StringBuilder _quoted = new();

    /// <summary>The next record; false at the end of the file.</summary>
    public bool TryRead(out CsvRecord record)
    {
        while (_lines.TryRead(out var line))
        {
            if (line.Text.Length == 0) continue;
            record = line.Text.Contains('"', StringComparison.Ordinal) ? ReadQuoted(line) : Checked(line, line.Text.Split(','));
            return true;
        }

        record = default;
        return false;
    }

    private CsvRecord Checked(LineReader.Line first, IReadOnlyList<string> fields)
    {
        var problem = first.IsCut ? $"it is longer than {MaxLength} characters"
            : fields.Count != fieldCount ? $"it has {fields.Count} {(fields.Count == 1 ? "field" : "fields")}, not {fieldCount}"
            : null;
        return new(first.Number, fields, problem);
    }

    private CsvRecord ReadQuoted(LineReader.Line first)
    {
        _more.Clear();
        var fields = new List<string>(fieldCount);
        var record = Checked(first, fields) with { Problem = ReadFields(first, fields) };
        if (record.Problem is null) record = Checked(first, fields);
        if (record.Problem is null) return record;
        _lines.TakeBack(_more);
        return record;
    }

    // Fills the fields; answers with what is wrong, or null.
    private string? ReadFields(LineReader.Line line, List<string> fields)
    {
        for (var i = 0; ; i++)
        {
            if (i < line.Text.Length && line.Text[i] == '"')
            {
                if (ReadQuotedField(ref line, ref i) is { } problem) return problem;
                fields.Add(_quoted.ToString());
                if (i < line.Text.Length && line.Text[i] != ',') return $"text follows the closing quote of field {fields.Count}";
            }
            else
            {
                var comma = line.Text.IndexOf(',', i) is var found and >= 0 ? found : line.Text.Length;
                var field = line.Text[i..comma];
                if (field.Contains('"', StringComparison.Ordinal)) return $"a quote stands inside field {fields.Count + 1}, which is not quoted";
                fields.Add(field);
                i = comma;
            }

            if (i >= line.Text.Length) return null;
        }
    }

    // On the opening quote; continues with the next line while the field is open; leaves i after the closing quote.
    private string? ReadQuotedField(ref LineReader.Line line, ref int i)
    {
        const string Unclosed = "a quote is never closed";
        _quoted.Clear();
        for (i++; ;)
        {
            if (line.IsCut || _quoted.Length > MaxLength) return Unclosed;
            var quote = line.Text.IndexOf('"', i);
            if (quote < 0)
            {
                _quoted.Append(line.Text, i, line.Text.Length - i).Append(line.Terminator);
                if (!_lines.TryRead(out line)) return Unclosed;
                _more.Add(line);
                i = 0;
                continue;
            }

            _quoted.Append(line.Text, i, quote - i);
            i = quote + 1;
            if (i == line.Text.Length || line.Text[i] != '"') return null;
            _quoted.Append('"');
            i++;
        }
    }
}
