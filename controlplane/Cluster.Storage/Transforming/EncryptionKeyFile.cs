using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Cluster.Storage.Transforming;

/// <summary>
/// The file of encryption keys: a line <c>name:base64</c> a key. The first encrypts, all decrypt; to rotate, put a new line first.
/// </summary>
public static class EncryptionKeyFile
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int KeyBytes = 32;

    // The store's history holds values of keys that encrypt nothing any more, and lists and restarts go back in it; a transaction that was
    // encrypted before a rotation may come to its end after it.
    private const int MostKeys = 5;

    /// <summary>Reads the keys, making the file with one new key if it is missing.</summary>
    /// <exception cref="StoreException">It can't be read, is readable by others, or a line is no key; the message names the file.</exception>
    public static async Task<IReadOnlyList<EncryptionKey>> EnsureAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            if (!File.Exists(path))
                await WriteAsync(path, [NewLine("key1")], cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e);
        }

        return Read(path);
    }

    /// <summary>The keys of a file that is there.</summary>
    /// <exception cref="StoreException">It can't be read, is readable by others, or a line is no key; the message names the file.</exception>
    public static IReadOnlyList<EncryptionKey> Read(string path)
    {
        try
        {
            CheckMode(path);
            return Parse(path, File.ReadAllLines(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e);
        }
    }

    /// <summary>Puts a new key first and keeps the four before it for reading; older ones are dropped.</summary>
    /// <remarks>Not to be done again before all values are written with the new key.</remarks>
    /// <returns>The new key's name.</returns>
    /// <exception cref="StoreException">The file can't be used; the message names it.</exception>
    public static async Task<string> RotateAsync(string path, CancellationToken cancellationToken)
    {
        var before = Read(path);
        var name = $"key{before.Select(key => Number(key.Name)).Max() + 1}";
        try
        {
            await WriteAsync(path, [NewLine(name), .. before.Take(MostKeys - 1).Select(key => Line(key.Name, key.Secret.Span))], cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e);
        }

        return name;
    }

    private static StoreException Unusable(string path, Exception e) =>
        new($"the encryption keys {path} cannot be used: {e.Message}", e) { NotApplied = true };

    private static int Number(string name) =>
        name.StartsWith("key", StringComparison.Ordinal) && int.TryParse(name.AsSpan(3), CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string NewLine(string name) => Line(name, RandomNumberGenerator.GetBytes(KeyBytes));

    private static string Line(string name, ReadOnlySpan<byte> secret) => $"{name}:{Convert.ToBase64String(secret)}\n";

    // Written beside and renamed: half a key would lock the secrets in for ever.
    private static async Task WriteAsync(string path, IReadOnlyList<string> lines, CancellationToken cancellationToken)
    {
        var draft = path + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        await using (var file = new FileStream(draft, options))
        {
            await file.WriteAsync(Encoding.ASCII.GetBytes(string.Concat(lines)), cancellationToken);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }

    private static void CheckMode(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~Private) != 0)
            throw new StoreException($"the encryption keys {path} must not be open to others: chmod 600 {path}") { NotApplied = true };
    }

    private static List<EncryptionKey> Parse(string path, string[] lines)
    {
        var keys = new List<EncryptionKey>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length > 0)
                keys.Add(ParseLine(lines[i]) ?? throw new StoreException($"{path}: line {i + 1} is not name:base64 of 16, 24 or 32 bytes") { NotApplied = true });
        }

        return keys.Count > 0 ? keys : throw new StoreException($"{path} holds no key") { NotApplied = true };
    }

    private static EncryptionKey? ParseLine(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        var secret = new byte[KeyBytes];
        if (colon <= 0 || !Convert.TryFromBase64String(line[(colon + 1)..].Trim(), secret, out var length) || length is not (16 or 24 or 32))
            return null;
        return new EncryptionKey(line[..colon], secret.AsMemory(0, length));
    }
}
