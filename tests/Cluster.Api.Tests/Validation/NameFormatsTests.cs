using Cluster.Api.Validation;

namespace Cluster.Api.Tests.Validation;

public class NameFormatsTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("my-name-1", true)]
    [InlineData("1a", true)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("a-", false)]
    [InlineData("A", false)]
    [InlineData("a.b", false)]
    [InlineData("a\n", false)]
    public void Dns1123Label_OfValue_AcceptsLowerCaseLettersDigitsAndDashes(string value, bool good) =>
        Assert.Equal(good, Names.IsDns1123Label(value));

    [Fact]
    public void Dns1123Label_TooLong_SaysSo() =>
        Assert.Equal(["must be no more than 63 characters"], NameFormats.Dns1123Label(new string('a', 64)));

    [Fact]
    public void Dns1123Subdomain_UpperCase_IsTheTextUsersKnow() => Assert.Equal(
        ["a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
            + "alphanumeric character (e.g. 'example.com', regex used for validation is "
            + @"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"],
        NameFormats.Dns1123Subdomain("Web"));

    [Theory]
    [InlineData("1a", false)]
    [InlineData("a1", true)]
    public void Dns1035Label_OfValue_MustStartWithALetter(string value, bool good) => Assert.Equal(good, Names.IsDns1035Label(value));

    [Theory]
    [InlineData("app")]
    [InlineData("example.com/App_1.x")]
    public void QualifiedName_Good_HasNoComplaint(string value) => Assert.Empty(NameFormats.QualifiedName(value));

    [Theory]
    [InlineData("", "name part must be non-empty")]
    [InlineData("/a", "prefix part must be non-empty")]
    [InlineData("a/b/c", "a qualified name must consist of")]
    [InlineData("_a", "name part must consist of")]
    [InlineData("A_/a", "prefix part a lowercase RFC 1123 subdomain")]
    public void QualifiedName_Bad_SaysWhichPart(string value, string start) =>
        Assert.StartsWith(start, NameFormats.QualifiedName(value).First(), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "")]
    [InlineData("a b", "a valid label must be an empty string or consist of")]
    public void LabelValue_OfValue_MayBeEmpty(string value, string start) =>
        Assert.StartsWith(start, string.Join(';', NameFormats.LabelValue(value)), StringComparison.Ordinal);

    [Theory]
    [InlineData("..", "must not be '..'")]
    [InlineData("..a", "must not start with '..'")]
    public void ConfigKey_ParentDirectory_IsRefused(string key, string complaint) => Assert.Contains(complaint, NameFormats.ConfigKey(key));

    [Theory]
    [InlineData("http", "")]
    [InlineData("8080", "must contain at least one letter (a-z)")]
    [InlineData("a--b", "must not contain consecutive hyphens")]
    [InlineData("-a", "must not begin or end with a hyphen")]
    [InlineData("abcdefghijklmnop", "must be no more than 15 characters")]
    [InlineData("A1b", "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")]
    public void PortName_OfValue_IsAnIanaServiceName(string value, string complaints) =>
        Assert.Equal(complaints, string.Join(';', NameFormats.PortName(value)));

    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("10.0.0", false)]
    [InlineData("010.0.0.1", false)]
    [InlineData("300.0.0.1", false)]
    [InlineData("fe80::1%eth0", false)]
    [InlineData("", false)]
    public void IsIP_OfValue_TakesWhatGoTakes(string value, bool good) => Assert.Equal(good, NameFormats.IsIP(value));

    [Theory]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("10.0.0.0/33", false)]
    [InlineData("fd00::/112", true)]
    [InlineData("10.0.0.0", false)]
    public void IsCidr_OfValue_ChecksAddressAndBits(string value, bool good) => Assert.Equal(good, NameFormats.IsCidr(value));
}
