using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.Authentication;

/// <summary>A key that signs or checks JSON web tokens: ES256 with a P-256 key, RS256 with an RSA one. Safe for concurrent use.</summary>
public sealed class SigningKey : IDisposable
{
    private readonly ECDsa? _ecdsa;
    private readonly RSA? _rsa;
    private readonly Lock _lock = new();

    private SigningKey(ECDsa? ecdsa, RSA? rsa)
    {
        (_ecdsa, _rsa) = (ecdsa, rsa);
        var publicKey = ecdsa?.ExportSubjectPublicKeyInfo() ?? rsa!.ExportSubjectPublicKeyInfo();
        KeyId = Base64Url.EncodeToString(SHA256.HashData(publicKey));
        CanSign = Try(() => ecdsa is not null ? ecdsa.ExportPkcs8PrivateKey() : rsa!.ExportPkcs8PrivateKey());
        PublicPem = ecdsa?.ExportSubjectPublicKeyInfoPem() ?? rsa!.ExportSubjectPublicKeyInfoPem();
    }

    /// <summary>The token header's <c>alg</c>.</summary>
    public string Algorithm => _ecdsa is null ? "RS256" : "ES256";

    /// <summary>The token header's <c>kid</c>: the hash of the public key.</summary>
    public string KeyId { get; }

    public string PublicPem { get; }

    /// <summary>The private half is there.</summary>
    public bool CanSign { get; }

    /// <summary>The public half as a JSON web key (RFC 7517).</summary>
    public JsonObject ToJsonWebKey()
    {
        var key = new JsonObject { ["use"] = "sig", ["kid"] = KeyId, ["alg"] = Algorithm };
        if (_ecdsa is not null)
        {
            var point = _ecdsa.ExportParameters(includePrivateParameters: false).Q;
            (key["kty"], key["crv"]) = ("EC", "P-256");
            (key["x"], key["y"]) = (Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
            return key;
        }

        var parameters = _rsa!.ExportParameters(includePrivateParameters: false);
        key["kty"] = "RSA";
        (key["n"], key["e"]) = (Base64Url.EncodeToString(parameters.Modulus), Base64Url.EncodeToString(parameters.Exponent));
        return key;
    }

    /// <exception cref="CryptographicException">The text holds neither an RSA nor a P-256 key.</exception>
    public static SigningKey FromPem(string pem)
    {
        var ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportFromPem(pem);
            if (ecdsa.KeySize == 256)
                return new SigningKey(ecdsa, null);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Not an elliptic curve key: it may be an RSA one.
        }

        ecdsa.Dispose();
        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return new SigningKey(null, rsa);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            rsa.Dispose();
            throw new CryptographicException("not a PEM file with an RSA or P-256 key", e);
        }
    }

    public byte[] Sign(ReadOnlySpan<byte> content)
    {
        lock (_lock)
        {
            return _ecdsa?.SignData(content, HashAlgorithmName.SHA256)
                ?? _rsa!.SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
    }

    public bool Verify(ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        lock (_lock)
        {
            return _ecdsa?.VerifyData(content, signature, HashAlgorithmName.SHA256)
                ?? _rsa!.VerifyData(content, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
    }

    private static bool Try(Func<byte[]> export)
    {
        try
        {
            CryptographicOperations.ZeroMemory(export());
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _ecdsa?.Dispose();
        _rsa?.Dispose();
    }
}
