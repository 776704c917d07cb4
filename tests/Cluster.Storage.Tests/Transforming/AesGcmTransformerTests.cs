using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Cluster.Storage.Embedded;
using Cluster.Storage.Transforming;
using Cluster.Testing;

namespace Cluster.Storage.Tests.Transforming;

[UnsupportedOSPlatform("windows")]
public sealed class AesGcmTransformerTests
{
    private const string Key = "/registry/secrets/default/s";
    private static readonly byte[] Plain = Encoding.UTF8.GetBytes("k8s\0 correct horse battery staple");
    private static readonly EncryptionKey First = new("one", RandomNumberGenerator.GetBytes(32));
    private static readonly EncryptionKey Second = new("two", RandomNumberGenerator.GetBytes(32));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void ToStore_Value_HasKubernetesLayout()
    {
        var stored = Transformer(First).ToStore(Key, Plain).ToArray();

        var prefix = Encoding.ASCII.GetBytes("k8s:enc:aesgcm:v1:one:");
        Assert.Equal(prefix, stored[..prefix.Length]);
        var plain = new byte[Plain.Length];
        using var aes = new AesGcm(First.Secret.Span, 16);
        var rest = stored.AsSpan(prefix.Length);
        aes.Decrypt(rest[..12], rest[12..^16], rest[^16..], plain, Encoding.UTF8.GetBytes(Key));
        Assert.Equal(Plain, plain);
    }

    [Fact]
    public void ToStore_SameValueTwice_DiffersByNonce()
    {
        var transformer = Transformer(First);

        Assert.NotEqual(transformer.ToStore(Key, Plain).ToArray(), transformer.ToStore(Key, Plain).ToArray());
    }

    [Fact]
    public void FromStore_AfterRotation_OldKeyStillDecrypts()
    {
        var old = Transformer(First).ToStore(Key, Plain);
        var rotated = Transformer(Second, First);

        Assert.Equal(Plain, rotated.FromStore(Key, old).ToArray());
        Assert.StartsWith("k8s:enc:aesgcm:v1:two:", Encoding.Latin1.GetString(rotated.ToStore(Key, Plain).Span), StringComparison.Ordinal);
    }

    [Fact]
    public void FromStore_MovedToAnotherKey_Refused()
    {
        var transformer = Transformer(First);
        var stored = transformer.ToStore(Key, Plain);

        var error = Assert.Throws<StoreException>(() => transformer.FromStore(Key + "2", stored));
        Assert.Contains(Key + "2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("k8s:enc:aesgcm:v1:three:0123456789012345678901234567")]
    [InlineData("k8s:enc:aesgcm:v1:one:short")]
    [InlineData("k8s:enc:aescbc:v1:one:something")]
    public void FromStore_WhatItCannotRead_Refused(string stored)
    {
        Assert.Throws<StoreException>(() => Transformer(First).FromStore(Key, Encoding.ASCII.GetBytes(stored)));
    }

    [Fact]
    public void FromStore_WrittenBeforeEncryption_Passes()
    {
        Assert.Equal(Plain, Transformer(First).FromStore(Key, Plain).ToArray());
    }

    [Fact]
    public async Task Store_SecretWrittenAndReplaced_PlaintextIsInNoFile()
    {
        using var directory = new TempDirectory();
        var inner = await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = directory.Path });
        await using (var store = new TransformingStore(inner, [Transformer(First)]))
        {
            await store.TxnAsync(new StoreTxn([], [new StoreOp(Key, Plain), new StoreOp("/registry/configmaps/default/c", "in the clear"u8.ToArray())]), Cancel);
            AssertNoPlaintext(directory, mustContain: "in the clear");
        }

        AssertNoPlaintext(directory, mustContain: "in the clear");
    }

    [Fact]
    public async Task KeyFile_Missing_MadePrivateAndReadAgain()
    {
        using var directory = new TempDirectory();
        var path = directory.File("keys");

        var made = await EncryptionKeyFile.EnsureAsync(path, Cancel);
        var read = await EncryptionKeyFile.EnsureAsync(path, Cancel);

        Assert.Equal(made[0].Secret.ToArray(), read[0].Secret.ToArray());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(path).UnixFileMode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no-colon")]
    [InlineData("name:dG9vIHNob3J0")]
    public async Task KeyFile_NoKey_ErrorNamesFile(string content)
    {
        using var directory = new TempDirectory();
        var path = directory.File("keys");
        await File.WriteAllTextAsync(path, content, Cancel);
        new FileInfo(path).UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

        var error = await Assert.ThrowsAsync<StoreException>(() => EncryptionKeyFile.EnsureAsync(path, Cancel));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyFile_OpenToOthers_Refused()
    {
        using var directory = new TempDirectory();
        var path = directory.File("keys");
        await EncryptionKeyFile.EnsureAsync(path, Cancel);
        new FileInfo(path).UnixFileMode |= UnixFileMode.GroupRead;

        await Assert.ThrowsAsync<StoreException>(() => EncryptionKeyFile.EnsureAsync(path, Cancel));
    }

    private static AesGcmTransformer Transformer(params EncryptionKey[] keys) => new(AesGcmTransformer.Secrets, keys);

    private static void AssertNoPlaintext(TempDirectory directory, string mustContain)
    {
        var all = string.Concat(Directory.GetFiles(directory.Path).Select(ReadShared));
        Assert.Contains(mustContain, all, StringComparison.Ordinal);
        Assert.DoesNotContain("battery staple", all, StringComparison.Ordinal);
    }

    private static string ReadShared(string path)
    {
        if (Path.GetFileName(path) == "lock")
            return "";
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file, Encoding.Latin1);
        return reader.ReadToEnd();
    }
}
