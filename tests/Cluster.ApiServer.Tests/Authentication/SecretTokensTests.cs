using System.Security.Cryptography;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Tests.Admission;
using Cluster.Testing;
using Google.Protobuf;

namespace Cluster.ApiServer.Tests.Authentication;

public sealed class SecretTokensTests : IDisposable
{
    private readonly FakeObjects _objects = new();
    private readonly SigningKey _key;
    private readonly SecretTokens _tokens;
    private readonly string _token;
    private readonly Secret _secret = new()
    {
        Metadata = new() { Namespace = "shop", Name = "web-token", Uid = "secret-1" }, Type = TokenSecrets.Type,
    };

    private readonly ServiceAccount _account = new() { Metadata = new() { Namespace = "shop", Name = "web", Uid = "account-1" } };

    public SecretTokensTests()
    {
        using var folder = new TempDirectory();
        using (var made = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            File.WriteAllText(folder.File("sa.key"), made.ExportPkcs8PrivateKeyPem());
        _key = SigningKey.FromPem(File.ReadAllText(folder.File("sa.key")));
        _token = SecretTokens.Issuer(folder.File("sa.key"))(_account, _secret);
        _secret.Data[TokenSecrets.TokenKey] = ByteString.CopyFromUtf8(_token);
        _objects.Cached.AddRange([_secret, _account]);
        _tokens = new SecretTokens(() => [_key], _objects);
    }

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task AuthenticateAsync_WhatTheSecretHolds_IsItsAccount()
    {
        var user = await AuthenticateAsync();
        Assert.Equal(("system:serviceaccount:shop:web", "account-1"), (user?.Name, user?.Uid));
    }

    [Fact]
    public async Task AuthenticateAsync_SecretHoldsAnother_IsNobodys()
    {
        _secret.Data[TokenSecrets.TokenKey] = ByteString.CopyFromUtf8(_token[..^1] + (_token[^1] == 'A' ? 'B' : 'A'));
        Assert.Null(await AuthenticateAsync());
    }

    [Fact]
    public async Task AuthenticateAsync_SecretOfAnotherType_IsNobodys()
    {
        _secret.Type = "Opaque";
        Assert.Null(await AuthenticateAsync());
    }

    [Fact]
    public async Task AuthenticateAsync_SecretMarkedInvalid_IsNobodys()
    {
        _secret.Metadata.Labels[TokenSecrets.InvalidSinceLabel] = "2026-01-01";
        Assert.Null(await AuthenticateAsync());
    }

    [Fact]
    public async Task AuthenticateAsync_SecretBeingDeleted_IsNobodys()
    {
        _secret.Metadata.DeletionTimestamp = new() { Seconds = 1 };
        Assert.Null(await AuthenticateAsync());
    }

    [Fact]
    public async Task AuthenticateAsync_AccountMadeAnew_IsNobodys()
    {
        _account.Metadata.Uid = "account-2";
        Assert.Null(await AuthenticateAsync());
    }

    private async Task<UserIdentity?> AuthenticateAsync() => await _tokens.AuthenticateAsync(_token, TestContext.Current.CancellationToken);
}
