using System.Security.Cryptography;
using System.Text;

namespace Cluster.Storage.Transforming;

/// <summary>
/// Encrypts values as Kubernetes' aesgcm provider does: <c>k8s:enc:aesgcm:v1:&lt;key&gt;:</c>, then 12 bytes of nonce, the ciphertext and 16
/// bytes of tag. The store key is authenticated too, so a value can't be moved to another key.
/// </summary>
public sealed class AesGcmTransformer : ValueTransformer
{
    /// <summary>Where Kubernetes keeps Secrets.</summary>
    public const string Secrets = "/registry/secrets/";

    private const string Scheme = "k8s:enc:aesgcm:v1:";
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private static readonly byte[] AnyScheme = Encoding.ASCII.GetBytes("k8s:enc:");

    private readonly EncryptionKeyRing _ring;

    /// <param name="keyPrefix">Values of keys that start with this are encrypted, such as <see cref="Secrets"/>.</param>
    /// <param name="keys">The first encrypts, all decrypt.</param>
    public AesGcmTransformer(string keyPrefix, IReadOnlyList<EncryptionKey> keys)
        : this(keyPrefix, new EncryptionKeyRing(keys))
    {
    }

    /// <param name="keyPrefix">Values of keys that start with this are encrypted, such as <see cref="Secrets"/>.</param>
    /// <param name="ring">The keys, which may change.</param>
    public AesGcmTransformer(string keyPrefix, EncryptionKeyRing ring) => (KeyPrefix, _ring) = (keyPrefix, ring);

    /// <summary>Values of keys that start with this are encrypted.</summary>
    public string KeyPrefix { get; }

    public override bool AppliesTo(string key) => key.StartsWith(KeyPrefix, StringComparison.Ordinal);

    /// <summary>The value is encrypted with the key that encrypts now.</summary>
    public bool IsNewest(ReadOnlyMemory<byte> stored) => stored.Span.StartsWith(Prefix(_ring.Keys[0]));

    public override ReadOnlyMemory<byte> ToStore(string key, ReadOnlyMemory<byte> value)
    {
        var newest = _ring.Keys[0];
        var prefix = Prefix(newest);
        var stored = new byte[prefix.Length + NonceBytes + value.Length + TagBytes];
        prefix.CopyTo(stored, 0);
        var nonce = stored.AsSpan(prefix.Length, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        var ciphertext = stored.AsSpan(prefix.Length + NonceBytes, value.Length);
        using var aes = new AesGcm(newest.Secret.Span, TagBytes);
        aes.Encrypt(nonce, value.Span, ciphertext, stored.AsSpan(stored.Length - TagBytes), Encoding.UTF8.GetBytes(key));
        return stored;
    }

    /// <remarks>A value that is not encrypted was written before encryption was on, and passes.</remarks>
    public override ReadOnlyMemory<byte> FromStore(string key, ReadOnlyMemory<byte> stored)
    {
        if (!stored.Span.StartsWith(AnyScheme))
            return stored;
        // Another server of the cluster may have rotated the keys a moment ago.
        var known = Find(stored.Span);
        if (known is null)
        {
            // Whether this call or another at the same moment took in the new file.
            _ring.Refresh();
            known = Find(stored.Span);
        }

        if (known is not null)
            return Decrypt(key, known.Secret.Span, stored.Span[Prefix(known).Length..]);

        throw new StoreException($"{key} is encrypted with a key this process does not have") { NotApplied = true };
    }

    private static byte[] Prefix(EncryptionKey key) => Encoding.UTF8.GetBytes($"{Scheme}{key.Name}:");

    private EncryptionKey? Find(ReadOnlySpan<byte> stored)
    {
        foreach (var key in _ring.Keys)
        {
            if (stored.StartsWith(Prefix(key)))
                return key;
        }

        return null;
    }

    private static byte[] Decrypt(string key, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> sealedValue)
    {
        if (sealedValue.Length < NonceBytes + TagBytes)
            throw new StoreException($"{key} holds a cut-off encrypted value") { NotApplied = true };
        var value = new byte[sealedValue.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(secret, TagBytes);
        try
        {
            aes.Decrypt(sealedValue[..NonceBytes], sealedValue[NonceBytes..^TagBytes], sealedValue[^TagBytes..], value, Encoding.UTF8.GetBytes(key));
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new StoreException($"{key} cannot be decrypted: it was changed, moved, or its key is another", e) { NotApplied = true };
        }

        return value;
    }
}
