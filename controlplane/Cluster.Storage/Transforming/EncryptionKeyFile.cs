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

    /// <summary>Reads the keys, making the file with one new key if it is missing.</summary>
    /// <exception cref="StoreException">It can't be read, is readable by others, or a line is no key; the message names the file.</exception>
    public static async Task<IReadOnlyList<EncryptionKey>> EnsureAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            if (!File.Exists(path))
                await CreateAsync(path, cancellationToken);
            CheckMode(path);
            return Parse(path, await File.ReadAllLinesAsync(path, cancellationToken));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the encryption keys {path} cannot be used: {e.Message}", e) { NotApplied = true };
        }
    }

    // Written beside and renamed: half a key would lock the secrets in for ever.
    private static async Task CreateAsync(string path, CancellationToken cancellationToken)
    {
        var draft = path + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        var line = $"key1:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes))}\n";
        await using (var file = new FileStream(draft, options))
        {
            await file.WriteAsync(Encoding.ASCII.GetBytes(line), cancellationToken);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path);
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
