// Validates PDF files as PDF/A-3a with veraPDF; run by Rhino, which lies in the same jar. One JSON object a file.
// JAXB does not, so that the profile is read here and handed over by veraPDF's own factory methods.
var profiles = Packages.org.verapdf.pdfa.validation.profiles;
var make = profiles.Profiles;
var flavours = Packages.org.verapdf.pdfa.flavours.PDFAFlavour;
var flavour = flavours.PDFA_3_A;

function children(element, name) {
  var found = [];
  for (var node = element.getFirstChild(); node !== null; node = node.getNextSibling()) {
    if (node.getNodeName().equals(name)) found.push(node);
  }
  return found;
}

function child(element, name) {
  return children(element, name)[0];
}

function text(element, name) {
  return child(element, name).getTextContent();
}

function readRule(rule) {
  var id = child(rule, "id");
  var error = child(rule, "error");
  var errorArguments = new java.util.ArrayList();
  children(child(error, "arguments"), "argument").forEach(function (argument) {
    errorArguments.add(profiles.ErrorArgumentImpl.fromValues(argument.getTextContent(), null, null));
  });
  return make.ruleFromValues(
    make.ruleIdFromValues(
      flavours.Specification.valueOf(id.getAttribute("specification")),
      id.getAttribute("clause"),
      java.lang.Integer.parseInt(id.getAttribute("testNumber"))
    ),
    rule.getAttribute("object"),
    rule.hasAttribute("deferred") ? java.lang.Boolean.valueOf(rule.getAttribute("deferred")) : null,
    rule.getAttribute("tags"),
    text(rule, "description"),
    text(rule, "test"),
    make.errorFromValues(text(error, "message"), errorArguments),
    new java.util.ArrayList()
  );
}

function readProfile() {
  var source = java.lang.ClassLoader.getSystemResourceAsStream("org/verapdf/pdfa/validation/PDFA-3A.xml");
  var builder = Packages.javax.xml.parsers.DocumentBuilderFactory.newInstance().newDocumentBuilder();
  var root = builder.parse(source).getDocumentElement();
  var rules = new java.util.HashSet();
  var variables = new java.util.HashSet();
  children(child(root, "rules"), "rule").forEach(function (rule) {
    rules.add(readRule(rule));
  });
  children(child(root, "variables"), "variable").forEach(function (variable) {
    variables.add(make.variableFromValues(
      variable.getAttribute("name"),
      variable.getAttribute("object"),
      text(variable, "defaultValue"),
      text(variable, "value")
    ));
  });
  var details = make.profileDetailsFromValues("", "", "", new java.util.Date(0));
  return make.profileFromValues(flavour, details, "", rules, variables);
}

java.util.logging.LogManager.getLogManager().reset(); // veraPDF looks for JAXB first, and complains
Packages.org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider.initialise();
var profile = readProfile();
arguments.forEach(function (path) {
  var parser = Packages.org.verapdf.pdfa.Foundries.defaultInstance().createParser(new java.io.FileInputStream(path), flavour);
  var result = Packages.org.verapdf.pdfa.validation.validators.ValidatorFactory.createValidator(profile, false).validate(parser);
  var broken = {};
  for (var found = result.getTestAssertions().iterator(); found.hasNext();) {
    var assertion = found.next();
    broken[assertion.getRuleId().getClause() + "-" + assertion.getRuleId().getTestNumber()] = String(assertion.getMessage());
  }
  print(JSON.stringify({
    is_compliant: result.isCompliant() == true,
    rules: Number(profile.getRules().size()),
    checks: Number(result.getTotalAssertions()),
    broken: broken
  }));
  parser.close();
});
